/**
 * `npm run screenshots`: takes the pictures of the console for README and docs, from a run of the demo, in a window of fixed size and
 * in fixed phases.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { poolHref } from "../console/shell/route.ts";
import { DemoConsole } from "../test/demo/console.ts";
import { play, titles } from "../test/demo/play.ts";
import { NAMESPACE, POOL } from "../test/demo/sample-pool.ts";
import { SHORTEST_LOAD_SECONDS } from "../test/demo/schedule.ts";
import { setUp } from "../test/demo/stage.ts";
import type { View } from "../test/demo/view.ts";
import { ensureChromium, startChromium } from "../test/support/browser/chromium.ts";
import { LIVE } from "../test/support/browser/console-stage.ts";
import { Tab } from "../test/support/browser/tab.ts";

const folder = path.join(import.meta.dirname, "..", "docs", "img");
const VIEWPORT = { width: 1_280, height: 860 };
/** Of each picture, so that the repository stays small. */
const MAX_BYTES = 200_000;
const pool = `${NAMESPACE}/${POOL}`;

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stopping.abort());
ensureChromium(console.error);
await using cleanup = new AsyncDisposableStack();
const stage = await setUp(cleanup, console.error, stopping.signal);
let link: string | undefined;
const findLink = (line: string): void => {
  link ??= /http:\S+/.exec(line)?.[0];
};
cleanup.use(await DemoConsole.start(stage, { log: findLink, open: false }));
if (link === undefined) throw new Error("the console printed no link: run npm run demo to see why");
const browser = await startChromium();
cleanup.defer(() => browser.close());
const tab = await Tab.open(browser, VIEWPORT);
await tab.page.goto(link);
await tab.has(LIVE);
await show(poolHref(pool), ".tile");

/** The burst has met the warm slots, launches wait, and new workers start. */
let burst: Promise<void> | undefined;
const onView = (view: View): void => {
  if (view.title !== titles.quiet) return;
  burst ??= take("console-pool.png");
};
const options = { loadSeconds: SHORTEST_LOAD_SECONDS, json: true, open: false, keep: false, media: false };
await play(stage, options, { show: onView }, stopping.signal);
await burst;

await show(poolHref(pool, "time"), ".decisions-strip button");
await tab.page.select(".time select", String(15 * 60_000));
await tab.has(".decisions-strip button");
await tab.page.focus(".decisions-strip button:last-of-type");
await tab.has(".decision-panel");
await take("console-time.png");
await tab.page.locator(".decision-panel a").click();
await tab.has(".inputs tbody tr");
await take("console-why.png");

async function show(href: string, ready: string): Promise<void> {
  await tab.page.evaluate(`location.hash = ${JSON.stringify(href)}`);
  await tab.has(ready);
}

async function take(file: string): Promise<void> {
  const image = await tab.page.screenshot({ type: "png" });
  if (image.length > MAX_BYTES)
    throw new Error(`${file} has ${image.length} bytes: use a window of which a PNG has ${MAX_BYTES} at most`);
  await writeFile(path.join(folder, file), image);
  console.log(path.join("docs", "img", file));
}
