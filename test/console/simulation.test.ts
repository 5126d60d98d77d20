import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChromium } from "../support/browser/chromium.ts";
import { expectSound } from "../support/browser/sound.ts";
import { Tab } from "../support/browser/tab.ts";
import { ensureBundle } from "../support/product/bundle.ts";

const root = path.join(import.meta.dirname, "..", "..");
const POOL = `
apiVersion: avatarpool.dev/v1alpha1
kind: AvatarPool
metadata: { name: support }
spec:
  apiSecretRef: { name: bithuman }
  presets: [{ name: maya, image: { url: "https://example.com/maya.jpg" } }]
  workers: [{ name: gpu, engine: expression, sessionsPerWorker: 4, max: 40, costPerHour: 2 }]
`;

let folder: string;
let browser: Browser;
beforeAll(async () => {
  await ensureBundle(console.error);
  folder = await mkdtemp(path.join(tmpdir(), "simulation-"));
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the page of avatarpool simulate --html", () => {
  it("shows the table, the bars and a plot of each policy, from one file without a server", async () => {
    const pool = path.join(folder, "pool.yaml");
    const page = path.join(folder, "page.html");
    await writeFile(pool, POOL);
    const args = [path.join(root, "dist", "avatarpool.mjs"), "simulate", pool, "--hours", "3", "--html", page];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const tab = await Tab.open(await browser.createBrowserContext());
    await tab.page.goto(pathToFileURL(page).href);

    await tab.has(".plot canvas", (count) => count === 6);
    await tab.shows("support: call-centre", "h2");
    await tab.shows(/HPA.*KEDA.*Agones.*Knative/, ".simulation-bars");
    const cells = await tab.text(".simulation-table tbody tr");
    expect(stdout.replace(/ +/g, " ")).toContain(cells);
    await expectSound(tab);
  });

  it("zooms all plots with the keyboard, and shows everything again", async () => {
    const tab = await Tab.open(await browser.createBrowserContext());
    await tab.page.goto(pathToFileURL(path.join(folder, "page.html")).href);
    await tab.has(".plot canvas", (count) => count === 6);
    const isAll = async (expected: boolean) =>
      tab.has(`.zoom-buttons button${expected ? ":disabled" : ":enabled"}`, (count) => count === (expected ? 4 : 5));
    await isAll(true);
    await tab.page.focus(".zoom-plots");
    await tab.press("+");
    await isAll(false);
    await tab.press("Escape");
    await isAll(true);
    expect(tab.problems()).toEqual([]);
  });
});
