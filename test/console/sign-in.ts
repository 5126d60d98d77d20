import { expect, it } from "vitest";
import { LIVE, signIn, UNAUTHORIZED } from "../support/browser/console-stage.ts";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

export function signInCases(cast: () => Cast): void {
  it("rejects an invalid token with what to do, and accepts a valid one until the viewer signs out", async () => {
    const { on, viewer } = cast();
    const tab = await on.tab();
    tab.ignore(UNAUTHORIZED);
    await tab.shows("Sign in with a Kubernetes token");
    await signIn(tab, "not-a-token");
    await tab.shows("the request has no valid Kubernetes token: sign in with a new one", "[role=alert], [role=status]");
    await expectSound(tab);

    await signIn(tab, viewer);
    await tab.has(LIVE);
    await tab.page.locator(".account summary").click();
    await tab.shows("system:serviceaccount:support:viewer", ".account");
    // Neither the address nor the text of the page contains the token.
    expect(`${tab.page.url()} ${await tab.text()}`).not.toContain(viewer.slice(-40));
    await tab.page.reload();
    await tab.has(LIVE);
    await tab.page.locator(".account summary").click();
    await tab.click("button", "Sign out");
    await tab.has("textarea[name=token]");
    await tab.page.reload();
    await tab.has("textarea[name=token]");
  });
}
