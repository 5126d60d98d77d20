import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { lineOnStderr, toolPath, until } from "../support/controlplane/index.ts";
import { run } from "../support/controlplane/run.ts";
import { queriesOf } from "../support/dashboard.ts";
import { ensurePackages } from "../support/debian.ts";
import { startGpuExporter } from "../support/gpu-exporter.ts";
import { type FiringAlert, Prometheus } from "../support/prometheus.ts";
import { gpuNode, Stage } from "../support/scenario/index.ts";
import { HEALTHY, provokeAll, provokedBy } from "./provoked.ts";
import { runbookCommands } from "./runbook-commands.ts";
import { type Rules, shortened } from "./shortened.ts";

/**
 * A real Prometheus scrapes the real operator and gateway, with the chart's rules in shortened time. Every alert is provoked once,
 * and every query of the chart's dashboards returns data.
 */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const JOB = "avatarpool/avatarpool";
/** The longest `for` is 15 s in shortened time. */
const LIMIT_MS = 60_000;

const resources = new AsyncDisposableStack();
let stage: Stage;
let prometheus: Prometheus;
let rules: Rules;
/** Every alert that has fired, by name and namespace. */
const fired = new Map<string, FiringAlert>();

interface Rendered {
  readonly kind: string;
  readonly spec: Rules;
}

beforeAll(async () => {
  ensurePackages(["prometheus"], lineOnStderr);
  stage = resources.use(await Stage.open({ nodes: [gpuNode("gpu-0", 64)] }));
  await stage.product.upgrade("gateway.secretAccess.enabled=true");
  rules = (await rendered("prometheusRule")).find(({ kind }) => kind === "PrometheusRule")?.spec ?? { groups: [] };
  const exporter = resources.use(await startGpuExporter(gpuPods));
  const target = (pod: string, container: string, url = "") => ({ url, labels: { namespace: "avatarpool", pod, container } });
  const { operator, gateways } = stage;
  const product = [target("operator-0", "operator", operator.url), target("gateway-0", "gateway", gateways[0]?.internalUrl)];
  const jobs = [
    { name: JOB, honorLabels: true, targets: product },
    { name: "dcgm", honorLabels: false, targets: [target("dcgm-0", "exporter", exporter.url)] },
  ];
  prometheus = resources.use(await Prometheus.start(jobs, shortened(rules)));
  collectAlerts();
  await provokeAll(stage, resources);
  // While the healthy pool started, it had no warm slot.
  for (const key of fired.keys()) if (key.endsWith(` ${HEALTHY}`)) fired.delete(key);
}, 150_000);

afterAll(() => resources.disposeAsync());

/** Objects of the chart with this part enabled. */
async function rendered(part: string): Promise<readonly Rendered[]> {
  const args = ["template", "avatarpool", chart, "--namespace=avatarpool", `--set=${part}.enabled=true`];
  const { code, stdout, stderr } = await stage.plane.run("helm", args);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
}

async function gpuPods() {
  const { stdout } = await stage.plane.kubectl(["get", "pods", `--namespace=${HEALTHY}`, "-o=jsonpath={.items[*].metadata.name}"]);
  return stdout
    .split(" ")
    .filter(Boolean)
    .map((pod) => ({ namespace: HEALTHY, pod }));
}

function collectAlerts(): void {
  const stop = new AbortController();
  const polls = (async () => {
    while (!stop.signal.aborted) {
      for (const alert of await prometheus.alerts().catch(() => []))
        if (alert.state === "firing") fired.set(`${alert.labels.alertname} ${alert.labels.namespace ?? ""}`, alert);
      await sleep(500);
    }
  })();
  resources.defer(() => {
    stop.abort();
    return polls;
  });
}

async function expectFired(alert: string, namespace: string): Promise<void> {
  const key = `${alert} ${namespace}`;
  await until(`${key} to fire`, LIMIT_MS, async () => fired.has(key)).catch((error: unknown) => {
    throw new Error(`${String(error)}; fired: ${[...fired.keys()].join(", ")}`);
  });
  expect(fired.get(key)?.annotations.runbook_url).toMatch(new RegExp(`/${alert}\\.md$`));
}

const ofInstallation = {
  AvatarPoolGatewayNotServing: { namespace: "avatarpool", ends: () => stage.gateways[0]?.process },
  AvatarPoolNoLeader: { namespace: "", ends: () => stage.operator.process },
} as const;

describe("the alerts on pools", () => {
  it("and on the installation are all provoked here", () => {
    const names = rules.groups.flatMap((group) => group.rules.flatMap(({ alert }) => alert ?? []));
    expect(Object.keys({ ...provokedBy, ...ofInstallation }).sort()).toEqual([...names].sort());
  });

  it.each(Object.entries(provokedBy))("%s fires for the pool in namespace %s", expectFired);

  it("do not fire for a healthy pool", () => {
    expect([...fired.keys()].filter((key) => key.endsWith(` ${HEALTHY}`))).toEqual([]);
  });
});

describe("the dashboards", () => {
  const values: Readonly<Record<string, string>> = { $job: JOB, $__rate_interval: "30s", $__range: "5m" };
  const filled = (expr: string) => expr.replaceAll(/\$[a-z]\w*|\$__\w+/g, (name) => values[name] ?? ".*");

  it("show data in every query", async () => {
    const files = (await rendered("dashboards")).flatMap((object) =>
      object.kind === "ConfigMap" && "data" in object ? Object.values(object.data as Record<string, string>) : [],
    );
    expect(files).toHaveLength(2);
    const queries = files.flatMap((file) => queriesOf(JSON.parse(file)));
    expect(queries.length).toBeGreaterThan(60);
    const empty: string[] = [];
    for (const [name, expr] of queries) {
      const samples = await prometheus.query(filled(expr));
      if (!samples.some(({ value: [, value] }) => value !== "NaN"))
        empty.push(`${name}: ${samples.length} samples: ${filled(expr)}`);
    }
    expect(empty).toEqual([]);
  });
});

describe("the runbooks", () => {
  const namespace = provokedBy.AvatarPoolCreditBudget;

  it("have commands that kubectl and the API server accept", async () => {
    const kubectl = await toolPath("kubectl");
    const env = {
      PATH: `${path.dirname(kubectl)}:${process.env.PATH}`,
      KUBECONFIG: stage.plane.kubeconfig,
      HOME: stage.plane.folder,
    };
    const { stdout: pod } = await stage.plane.kubectl(["get", "pods", `--namespace=${namespace}`, "-o=name"]);
    const names = { NAMESPACE: namespace, POOL: "pool", GROUP: "gpu", SECRET: "bithuman", POD: path.basename(pod.trim()) };
    const refused: string[] = [];
    // Operator and gateway have no pods here, and the Prometheus operator is not installed.
    const commands = (await runbookCommands()).filter(([, command]) => !/ logs | podmonitor /.test(command));
    expect(commands.length).toBeGreaterThan(30);
    for (const [page, command] of commands) {
      const filled = command.replaceAll(
        /\b(?:NEWEST_)?(NAMESPACE|POOL|GROUP|SECRET|POD)\b/g,
        (_, name: keyof typeof names) => names[name],
      );
      const isPatch = / patch /.test(filled);
      const { code, stderr } = await run("sh", ["-c", isPatch ? `${filled} --dry-run=server` : filled], { env });
      // A command may fail for another reason: a rollout that never ends, an object that does not exist here.
      const isWrong = /unknown|unrecognized|parsing|parse|usage|doesn't have a resource type|[Ii]nvalid/.test(stderr);
      if (isWrong || (isPatch && code !== 0)) refused.push(`${page}: ${filled}: ${stderr}`);
    }
    expect(refused).toEqual([]);
  });
});

describe("the alerts on the installation", () => {
  it.each(Object.entries(ofInstallation))("%s fires once its process has ended", async (alert, { namespace, ends }) => {
    // It may have fired before the first scrape.
    const names = (await prometheus.alerts()).map(({ labels }) => labels.alertname);
    expect(names).not.toContain(alert);
    fired.delete(`${alert} ${namespace}`);
    await ends()?.stop("SIGKILL");
    await expectFired(alert, namespace);
  });
});
