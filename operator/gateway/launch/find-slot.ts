import { type Backoff, fullJitterMs } from "../../runtime/backoff.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import type { LaunchClaims } from "../claims/launch-claims.ts";
import type { Slot, Slots } from "../queue/slots.ts";
import type { LaunchContext } from "./launch-context.ts";
import type { Replacements } from "./replacements.ts";

/** The second worker is tried at once, later ones after a backoff, so that launches that fail together spread. */
const BACKOFF: Backoff = { baseMs: 25, maxMs: 400 };

export interface FindSlotDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly slots: Slots;
  readonly replacements: Replacements;
  readonly claims: Pick<LaunchClaims, "ticket">;
}

/** @returns a free slot, or else the slot of the session that the launch replaces; undefined if there is neither. */
export async function findSlot(deps: FindSlotDeps, launch: LaunchContext, tried: ReadonlySet<string>): Promise<Slot | undefined> {
  const slot = deps.slots.take(launch.pool, launch.preset, tried);
  if (slot === undefined) return preemptSlot(deps, launch);
  if (tried.size > 1) await sleep(deps.clock, fullJitterMs(tried.size - 2, BACKOFF, deps.random), launch.abandoned);
  return slot;
}

/** Ends the session that the launch replaces. @returns its slot; undefined if no session was ended. */
async function preemptSlot(deps: FindSlotDeps, { pool, key, keys, preset, request, settled }: LaunchContext) {
  const { replacements, slots, claims } = deps;
  if (keys.seat === undefined) return undefined;
  const claim = { pool: key, room: request.roomName, seat: keys.seat, ticket: claims.ticket(), others: [] };
  for (const session of replacements.candidates(claim)) {
    // Reserved before the session ends: otherwise the slot would go to a queued launch.
    const slot = slots.takeNext(pool, preset, session.worker);
    if (slot === undefined) continue;
    if (await replacements.preempt(claim, session, settled)) return slot;
    slot.release();
  }
  return undefined;
}
