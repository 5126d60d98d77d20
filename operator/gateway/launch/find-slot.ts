import type { LaunchClaims } from "../claims/launch-claims.ts";
import type { Slot, Slots } from "../workers/slots.ts";
import type { Replacements } from "./replacements.ts";
import type { Flight } from "./send-launch.ts";

/**
 * The slot of the session that a launch will replace, for a launch that finds no free one: that session is ended first.
 * Undefined if there is no such session, or if it could not be ended.
 */
export async function preemptSlot(
  deps: { readonly replacements: Replacements; readonly slots: Slots; readonly claims: Pick<LaunchClaims, "ticket"> },
  { pool, key, keys, preset, request, trace, settled }: Flight,
): Promise<Slot | undefined> {
  const { replacements, slots, claims } = deps;
  if (keys.seat === undefined) return undefined;
  const claim = { pool: key, room: request.roomName, seat: keys.seat, ticket: claims.ticket(), others: [] };
  for (const session of replacements.before(claim)) {
    // Kept before the session ends: launches that wait would get it.
    const slot = slots.takeNext(pool, preset, session.worker);
    if (slot === undefined) continue;
    if (await replacements.vacate(claim, session, settled)) {
      trace.path ??= slot.warm ? "warm" : "cold";
      return slot;
    }
    slot.release();
  }
  return undefined;
}
