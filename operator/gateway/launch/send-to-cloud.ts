import type { Clock } from "../../runtime/clock.ts";
import { CLOUD } from "../claims/cloud-claim.ts";
import type { Claimed } from "../claims/launch-claims.ts";
import { clientGone } from "../errors.ts";
import type { CloudReservation, CloudResult } from "../overflow/cloud-launcher.ts";
import type { Overflow } from "../overflow/overflow.ts";
import type { LaunchContext } from "./launch-context.ts";

export type CloudOutcome = CloudResult | Extract<Claimed, { kind: "served" }>;

/**
 * Claims a launch for the maker's cloud and sends it there. The reservation ends, unless a session may have begun.
 * @throws LaunchError if the launch was not sent.
 */
export async function sendToCloud(
  { clock, overflow }: { readonly clock: Clock; readonly overflow: Pick<Overflow, "launcher"> },
  launch: LaunchContext,
  reservation: CloudReservation,
): Promise<CloudOutcome> {
  let sending = false;
  try {
    const claimed = await claimForCloud(launch);
    if (claimed.kind === "served") return claimed;
    if (launch.abandoned.aborted) throw clientGone();
    sending = true;
  } finally {
    if (!sending) {
      reservation.breaker.withdrawn();
      reservation.release();
    }
  }
  const sentMs = clock.now();
  const result = await overflow.launcher.send(launch, reservation);
  launch.trace.forwardMs += clock.now() - sentMs;
  return result;
}

/** Each void claim brings the limit of void claims nearer. */
async function claimForCloud({ claims }: LaunchContext): Promise<Exclude<Claimed, { kind: "void" }>> {
  for (;;) {
    const claimed = await claims.claim(CLOUD, [], () => {});
    if (claimed.kind !== "void") return claimed;
  }
}
