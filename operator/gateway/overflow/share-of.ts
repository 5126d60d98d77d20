import type { Shares } from "../workers/shares.ts";

/**
 * How many of a pool's sessions in the cloud are this gateway's: an equal part, and one more for as many gateways as are
 * left over, in an order that differs from pool to pool. The parts of all live gateways add up to `maxSessions`.
 */
export function shareOf(maxSessions: number, shares: Shares, pool: string): number {
  const gateways = shares.members.length;
  const place = shares.keepers(pool, gateways).indexOf(shares.self);
  return Math.floor(maxSessions / gateways) + (place < maxSessions % gateways ? 1 : 0);
}
