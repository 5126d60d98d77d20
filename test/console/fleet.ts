import { expect, it } from "vitest";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

const rows = ".fleet-table tbody tr";
const rowOf = (namespace: string) => `${rows}:has(a[href*="/${namespace}/"])`;

export function fleetCases(cast: () => Cast): void {
  it("shows the pools that the viewer may get, the worst first, and follows them live", async () => {
    const { on, support, viewer } = cast();
    const tab = await on.tab({ token: viewer });
    await tab.has(rows, (count) => count === 3);
    expect(await tab.text(rows)).toMatch(
      /^pool broken Failed Secret broken\/bithuman does not exist.*kubectl -n broken create secret/,
    );
    await tab.shows(/Healthy.* 0 \/ 2/, rowOf("support"));
    await support.sessions(1);
    await tab.shows(/ 1 \/ /, rowOf("support"));
    support.endSessions();
    await tab.shows(/ 0 \/ /, rowOf("support"));
    await expectSound(tab);
  });

  it("filters and sorts with the keyboard only, and opens a pool", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer });
    await tab.has(rows, (count) => count === 3);
    await tab.press("/");
    await tab.page.keyboard.type("bithuman");
    await tab.has(rows, (count) => count === 1);
    await tab.shows("broken", rows);
    await tab.press("Escape");
    await tab.page.keyboard.down("Control");
    await tab.press("A");
    await tab.page.keyboard.up("Control");
    await tab.press("Backspace");
    await tab.has(rows, (count) => count === 3);

    await tab.page.focus(`${rows} a`);
    await tab.press("ArrowDown", "ArrowDown", "Enter");
    await tab.shows("support", "h1");
    expect(tab.page.url()).toMatch(/#\/pools\/support\/pool$/);
    expect(tab.problems()).toEqual([]);
  });

  it("refuses a pool that the viewer may not get, with the missing permission", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: "#/pools/hidden/pool" });
    await tab.shows(/may not get .* in namespace "hidden": bind a role/, "[role=alert], [role=status]");
    expect(await tab.text("main")).not.toContain("Sessions");
    await expectSound(tab);
  });
}
