import { expect, it } from "vitest";
import { poolHref } from "../../console/shell/route.ts";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

export function trialCases(cast: () => Cast): void {
  it("simulates an edited pool in a worker of the browser, next to the other autoscalers", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: poolHref("support/pool", "what-if") });
    await tab.has(".what-if textarea");
    await tab.click("radio", "Generated launches");
    await tab.page.locator("::-p-aria(Hours)").fill("1");
    await tab.click("button", "Simulate");
    await tab.shows(/avatarpool.*HPA.*KEDA.*Agones.*Knative/, ".what-if-results");
    await tab.has(".what-if-results canvas, .what-if-results svg");
    await expectSound(tab);
  });

  it("reports a wrong field of the edited pool, in the words of the schema", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab({ token: viewer, path: poolHref("support/pool", "what-if") });
    await tab.page
      .locator(".what-if textarea")
      .fill("apiVersion: avatarpool.dev/v1alpha1\nkind: AvatarPool\nspec: { warm: { slots: -1 } }\n");
    await tab.click("button", "Simulate");
    await tab.shows("spec.", ".what-if [role=alert]");
    await expectSound(tab);
  });

  it("launches a test session for a viewer with the permission, and shows its stages", async () => {
    const { on, support, editor, viewer } = cast();
    const reader = await on.tab({ token: viewer, path: poolHref("support/pool", "launch") });
    await reader.shows("No permission to launch");
    expect(await reader.count(".launch input")).toBe(0);
    await expectSound(reader);

    const tab = await on.tab({ token: editor, path: poolHref("support/pool", "launch") });
    await tab.page.locator("input[name=livekitUrl]").fill("ws://livekit.test");
    await tab.page.locator("input[name=livekitToken]").fill("token-of-the-agent");
    await tab.page.locator("input[name=room]").fill("from-the-console");
    await tab.click("button", "Launch");
    await tab.shows(/Launched in room from-the-console.*served by the path/, ".launch-result");
    await tab.has(".stages li");
    expect(support.activeSessions()).toBe(1);
    await expectSound(tab);
  });
}
