import { it } from "vitest";
import { poolHref } from "../../console/shell/route.ts";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

const mark = ".decisions-strip button";

export function decisionCases(cast: () => Cast): void {
  it("shows the last hours with each change of size as a mark, and the same as a table", async () => {
    const { on, support, viewer } = cast();
    await support.sessions(2);
    await support.until("another worker", async () => ((await support.replicas()) ?? 0) > 1);
    const tab = await on.tab({ token: viewer, path: poolHref("support/pool", "time") });
    await tab.has(mark);
    await tab.has(".plot canvas");
    await tab.page.focus(mark);
    const { lastDecision } = await support.status();
    await tab.shows(/gpu \d → \d/, ".decision-panel");
    await expectSound(tab);

    await tab.page.locator('input[type="checkbox"]').click();
    await tab.has(".table-scroll tbody tr");
    await tab.shows(lastDecision?.reason ?? "none", ".decision-list");
    await expectSound(tab);
  });

  it("explains a decision with its inputs, its sum and both alternatives", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: poolHref("support/pool", "time") });
    await tab.has(mark);
    await tab.page.focus(mark);
    await tab.page.locator(".decision-panel a").click();
    await tab.shows(/Why did gpu change from \d to \d workers\?/, "h2");
    await tab.has(".inputs tbody tr");
    await tab.shows(/One session fewer: .* One session more: /, ".alternatives");
    await expectSound(tab);
  });

  it("draws the forecast of automatic warm slots with the chosen size in it", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: poolHref("forecast/pool", "why") });
    await tab.page.locator(".why-list a").click();
    await tab.shows("Forecast", ".why");
    await tab.has(".plot canvas");
    await expectSound(tab);
  });
}
