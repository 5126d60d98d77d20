import type { Shares } from "../workers/shares.ts";

/**
 * This gateway's share of a pool's sessions in the cloud. All shares are equal, and the remainder goes to the first gateways in an
 * order that differs from pool to pool. The shares of all live gateways add up to `maxSessions`.
 */
export function shareOf(maxSessions: number, shares: Shares, pool: string): number {
  const gateways = shares.members.length;
  const place = shares.keepers(pool, gateways).indexOf(shares.self);
  return Math.floor(maxSessions / gateways) + (place < maxSessions % gateways ? 1 : 0);
}
