import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "puppeteer-core";
import { avatarPools } from "../../../operator/kube/resource-types.ts";
import { ensureChromium, startChromium } from "../../support/browser/chromium.ts";
import { LIVE, signIn } from "../../support/browser/console-stage.ts";
import { Tab } from "../../support/browser/tab.ts";
import type { ProductProcess } from "../../support/product/processes.ts";
import { type Cluster, listOf, NAMESPACE, poolManifest, withCluster } from "../cluster.ts";
import type { ScenarioResult } from "../figures.ts";
import { cpuOf, memoryOf } from "../usage.ts";
import { makeWarmPods } from "../warm-pods.ts";

const POOLS = 200;
const WORKERS_PER_POOL = 25;
/** Each has its own browser context, and therefore its own stream. */
const VIEWERS = 4;
const LOADS = 5;
const CHANGES = 10;
const REST_MS = 20_000;
const ROWS = ".fleet-table tbody tr";

/** Pools with all of their workers, and viewers who may get all of them. */
export function largeFleet(): Promise<ScenarioResult> {
  return withCluster({ kwok: false }, async (cluster) => {
    ensureChromium(console.error);
    const { product, kubectl } = cluster;
    await product.startGateway();
    const { process: operator, consoleUrl = "" } = await product.startOperator();
    const size = [WORKERS_PER_POOL, WORKERS_PER_POOL] as const;
    await kubectl(
      ["create", "-f", "-"],
      listOf(Array.from({ length: POOLS }, (_, index) => poolManifest(poolName(index), { gpu: size }))),
    );
    await makeWarmPods(cluster, POOLS, WORKERS_PER_POOL);
    const token = await viewer(cluster);

    await sleep(REST_MS);
    const alone = await atRest(operator);
    const browser = await startChromium();
    try {
      const tabs: Tab[] = [];
      for (let count = 0; count < VIEWERS; count += 1) tabs.push(await open(browser, consoleUrl, token));
      const watched = await atRest(operator);
      const [tab] = tabs;
      if (tab === undefined) throw new Error("no tab is open");
      const paintMs = await firstPaints(tab);
      const updateMs = await updates(cluster, tab);
      const afterwards = await memoryOf(operator);
      return {
        figures: [
          { name: "ms to the first useful paint, median", value: median(paintMs), limit: 1_000 },
          { name: "% of a core of the operator at rest, per tab", value: round((watched.cpu - alone.cpu) / VIEWERS), limit: 2 },
          { name: "MB more of the operator with open consoles", value: watched.residentMb - alone.residentMb, limit: 15 },
          { name: "ms from a change to its frame, at most", value: Math.max(...updateMs), limit: 500 },
        ],
        details: {
          pools: POOLS,
          workers: POOLS * WORKERS_PER_POOL,
          viewers: VIEWERS,
          alone,
          watched,
          afterwards,
          paintMs,
          updateMs,
        },
      };
    } finally {
      await browser.close();
    }
  });
}

function poolName(index: number): string {
  return `pool-${index}`;
}

/** @returns the token of a ServiceAccount that may get every pool. No controller aggregates the cluster's own roles here. */
async function viewer({ kubectl, plane }: Cluster): Promise<string> {
  await kubectl(["--namespace", NAMESPACE, "create", "serviceaccount", "viewer"]);
  await kubectl(["create", "clusterrole", "viewer", "--verb=get", "--resource=avatarpools.avatarpool.dev"]);
  const account = `--serviceaccount=${NAMESPACE}:viewer`;
  await kubectl(["create", "clusterrolebinding", "viewer", "--clusterrole=viewer", account]);
  return plane.serviceAccountToken(NAMESPACE, "viewer");
}

/** Share of a core in percent, and memory afterwards. */
async function atRest(process: ProductProcess): Promise<{ readonly cpu: number; readonly residentMb: number }> {
  await sleep(REST_MS / 2);
  const [beforeS, startMs] = [await cpuOf(process.pid), performance.now()];
  await sleep(REST_MS);
  const cpu = round(((await cpuOf(process.pid)) - beforeS) / ((performance.now() - startMs) / 100_000));
  return { cpu, residentMb: (await memoryOf(process)).residentMb };
}

async function open(browser: Browser, url: string, token: string): Promise<Tab> {
  const tab = await Tab.open(await browser.createBrowserContext());
  // Before each load: remembers when the browser has drawn a frame with every row.
  await tab.page.evaluateOnNewDocument(`
    new MutationObserver((_, observer) => {
      if (document.querySelectorAll(${JSON.stringify(ROWS)}).length < ${POOLS}) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.paintedMs = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });
  `);
  await tab.page.goto(url);
  await signIn(tab, token);
  await tab.has(LIVE);
  await tab.has(ROWS, (count) => count === POOLS);
  return tab;
}

/** Times from the start of a load to the frame with every row. The only tab of its context: its stream begins anew. */
async function firstPaints(tab: Tab): Promise<readonly number[]> {
  const times: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    await tab.page.bringToFront();
    await tab.page.reload();
    const painted = await tab.page.waitForFunction("window.paintedMs");
    times.push(Math.round(Number(await painted.jsonValue())));
  }
  return times;
}

/** Times from the request that pauses a pool to the frame that shows it. */
async function updates({ admin }: Cluster, tab: Tab): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    const name = poolName(index * Math.floor(POOLS / CHANGES));
    const shown = tab.page.evaluate(`new Promise((resolve) => {
      const isShown = () => document.querySelector('${ROWS}:has(a[href$="/${name}"]) .fleet-health').innerText.includes("Paused");
      const observer = new MutationObserver(() => {
        if (!isShown()) return;
        observer.disconnect();
        requestAnimationFrame(() => resolve(Date.now()));
      });
      observer.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    })`);
    const startMs = Date.now();
    await admin.mergePatch(avatarPools, { namespace: NAMESPACE, name }, { spec: { scaling: { paused: true } } });
    times.push(Number(await shown) - startMs);
    await sleep(1_000);
  }
  return times;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
