import type { Browser, BrowserContext } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OperatorConsole } from "../../operator/console/index.ts";
import { startChromium } from "../support/browser/chromium.ts";
import { expectSound } from "../support/browser/sound.ts";
import { Tab } from "../support/browser/tab.ts";
import { startInventedConsole } from "../support/console/invented/console.ts";
import { InventedSource } from "../support/console/invented/source.ts";
import { freePort } from "../support/product/free-port.ts";

/** States of pools and workers that a cluster reaches rarely: the real console server with an invented fleet. */

const tiles = ".fleet-map .tiles .tile";
const sessions = ".session-table tbody tr";

let browser: Browser;
let context: BrowserContext;
let served: OperatorConsole;
let url: string;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context?.close();
  await served?.close();
});

async function open({
  path = "",
  token = "admin",
  pools = 12,
}: {
  readonly path?: string;
  readonly token?: string;
  readonly pools?: number;
}) {
  const port = await freePort();
  const source = new InventedSource({ pools, workers: pools * 25, nowMs: Date.now() });
  served = await startInventedConsole(source, port);
  url = `http://127.0.0.1:${port}/`;
  const tab = await Tab.open(context);
  await tab.page.evaluateOnNewDocument((kept) => sessionStorage.setItem("avatarpool-token", kept), token);
  await tab.page.goto(`${url}${path}`);
  return { tab, source };
}

describe("the live picture of a pool", () => {
  it("shows every state of a worker, and why a worker has it, with the pointer and the keyboard", async () => {
    const { tab } = await open({ path: "#/pools/avatars/support" });
    await tab.has(tiles);
    for (const state of ["warm", "warming", "starting", "pending", "cordoned", "draining", "failing"])
      await tab.has(`${tiles}-${state}`);
    await tab.page.hover(`${tiles}-failing`);
    await tab.shows("CrashLoopBackOff", ".inspector");
    await tab.page.mouse.move(0, 0);

    expect(await tab.count(`${tiles}[tabindex="0"]`)).toBe(1);
    await tab.page.focus(`${tiles}[tabindex="0"]`);
    await tab.press("End");
    expect(await tab.focused()).toMatch(/pending; 2 not usable yet of 2 slots; the scheduler finds no node/);
    await tab.shows("the scheduler finds no node", ".inspector");
    await tab.press("Home", "ArrowDown", "ArrowUp", "Escape");
    await tab.shows("Point at a worker", ".inspector");
    await expectSound(tab);
  });

  it("follows the sessions of a worker", async () => {
    const { tab, source } = await open({ path: "#/pools/avatars/support" });
    await tab.has(tiles);
    const before = await tab.text(".stats");
    for (let step = 0; step < 50; step += 1) source.step(Date.now());
    await expect.poll(() => tab.text(".stats"), { timeout: 20_000 }).not.toBe(before);
    expect(tab.problems()).toEqual([]);
  });

  it("stops a session after a confirmation only", async () => {
    const { tab } = await open({ path: "#/pools/avatars/support" });
    await tab.has(sessions);
    const room = await tab.text(`${sessions} th`);
    await tab.click("button", `Stop ${room}`);
    await tab.shows(room, "dialog[open]");
    await tab.press("Escape");
    await tab.has("dialog", (count) => count === 0);
    expect(await tab.text(".session-table")).toContain(room);

    await tab.click("button", `Stop ${room}`);
    await tab.click("button", "Stop the session");
    await expect.poll(() => tab.text(".session-table"), { timeout: 20_000 }).not.toContain(room);
    expect(tab.problems()).toEqual([]);
  });

  it("has no button to stop sessions without the permission", async () => {
    const { tab } = await open({ path: "#/pools/avatars/support", token: "read" });
    await tab.has(sessions);
    expect(await tab.count(".sessions .danger")).toBe(0);
  });

  it("marks the figures as old while no gateway reports", async () => {
    const { tab } = await open({ path: "#/pools/avatars/bank" });
    await tab.shows("No gateway reports the load of this pool", "[role=status]");
    await expectSound(tab);
  });
});

describe("the fleet", () => {
  it("without a pool shows how to create one", async () => {
    const { tab } = await open({ pools: 0 });
    await tab.shows("kind: AvatarPool", ".no-pools");
    await expectSound(tab);
  });

  it("shows since when it is not live, and why", async () => {
    const { tab } = await open({});
    await tab.has(".fleet-table");
    tab.ignore(/ERR_/);
    await served.close();
    await tab.shows(/This is the state \d+ s ago.*Sessions and launches continue/, "[role=status]");
    await tab.has(".fleet-table tbody tr", (count) => count === 12);
    await expectSound(tab);
  });
});
