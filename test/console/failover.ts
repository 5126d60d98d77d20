import { expect, it } from "vitest";
import { LIVE } from "../support/browser/console-stage.ts";
import { expectSound } from "../support/browser/sound.ts";
import type { Cast } from "./cast.ts";

/** Requests during the failover fail by design. */
const UNAVAILABLE = /status of 50[234]|ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/;

/** The last case, because it kills the operator of the stage. */
export function failoverCases(cast: () => Cast): void {
  it("at a standby, shows that the leader is gone, keeps what it knows, and follows the next leader", async () => {
    const { on, support, viewer } = cast();
    const tab = await on.tab({ url: await on.startStandby(), token: viewer });
    await tab.shows("support", "table");
    tab.ignore(UNAVAILABLE);
    await on.stage.operator.process.stop("SIGKILL");
    await tab.has(".connection-lost");
    await tab.shows(/Not live.*reconnects by itself/);
    await tab.shows("support", "table");
    expect(await support.launch()).toMatchObject({ status: 200 });
    await tab.has(LIVE);
    await tab.shows(/ 1 \/ /, 'tr:has(a[href*="/support/"])');
    await expectSound(tab);
  });
}
