import { expect, it } from "vitest";
import { poolHref } from "../../console/shell/route.ts";
import { violationsOf } from "../support/browser/accessibility.ts";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

const POOL = poolHref("support/pool");
const busyTile = '.tile[aria-label*="1 busy"]';
const rowOf = (room: string) => `.session-table tr:has(button[aria-label="Stop ${room}"])`;

export function poolCases(cast: () => Cast): void {
  it("shows every worker as a tile that changes with a launch, and why a worker is as it is", async () => {
    const { on, support, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: POOL });
    await tab.has('.tile[aria-label*="warm; 2 free of 2 slots"]');
    expect(await tab.count(busyTile)).toBe(0);
    const { worker } = await support.launch({ room: "a-call" });
    await tab.has(busyTile, (count) => count === 1);

    await tab.page.hover(busyTile);
    await tab.shows(worker, ".inspector");
    await tab.shows(/1 busy, 1 free of 2 slots/, ".inspector");
    await tab.page.mouse.move(0, 0);
    await tab.page.focus(busyTile);
    await tab.press("Enter");
    await tab.has(".inspector-pinned");
    await tab.press("Escape");
    await tab.has(".inspector-pinned", (count) => count === 0);

    await tab.shows(/a-call maya running/, ".session-table");
    expect(await tab.text(".sessions")).not.toContain("Stop");
    await expectSound(tab);
    support.endSessions();
    await tab.has(busyTile, (count) => count === 0);
  });

  it("ends a session for a viewer with the permission, after a question", async () => {
    const { on, support, editor } = cast();
    await support.launch({ room: "stays" });
    await support.launch({ room: "ends" });
    const tab = await on.tab({ token: editor, path: POOL });
    await tab.has(rowOf("ends"));
    await tab.click("button", "Stop ends");
    await tab.shows(/Stop the session\?.*leaves room ends/, "dialog");
    expect(await violationsOf(tab)).toEqual([]);
    await tab.click("button", "Cancel");
    await tab.has("dialog", (count) => count === 0);
    expect(support.activeSessions()).toBe(2);

    await tab.click("button", "Stop ends");
    await tab.click("button", "Stop the session");
    await tab.has(rowOf("ends"), (count) => count === 0);
    await tab.has(rowOf("stays"), (count) => count === 1);
    expect(support.activeSessions()).toBe(1);
    expect(tab.problems()).toEqual([]);
  });
}
