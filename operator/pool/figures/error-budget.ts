import type { PoolLoadView } from "../load/load-hub.ts";

const HOUR_MS = 3_600_000;
/** Window of the error budget, as the help of its metric states. */
const DAY_MS = 24 * HOUR_MS;

/** Launches since the operator became the leader. */
export interface LaunchTotals {
  readonly arrived: number;
  /** Of those: launches that did not find a warm slot at once. */
  readonly missed: number;
}

/** The totals at the first report of each hour of the last day, oldest first. */
export type LaunchHistory = readonly (LaunchTotals & { readonly atMs: number })[];

export function launchTotals({ launches }: Pick<PoolLoadView, "launches">): LaunchTotals {
  const all = [...launches.values()];
  return {
    arrived: all.reduce((sum, { arrived }) => sum + arrived, 0),
    missed: all.reduce((sum, { missed }) => sum + missed, 0),
  };
}

export function noteLaunches(history: LaunchHistory, totals: LaunchTotals, nowMs: number): LaunchHistory {
  const kept = history.filter(({ atMs }) => atMs > nowMs - DAY_MS);
  const last = kept.at(-1);
  if (last !== undefined && Math.floor(last.atMs / HOUR_MS) === Math.floor(nowMs / HOUR_MS)) return kept;
  return [...kept, { ...totals, atMs: nowMs }];
}

/** The share of the allowed misses that is left, from 0 to 1, over the time of the history. */
export function remainingBudget([since]: LaunchHistory, now: LaunchTotals, objectivePercent: number): number {
  const missed = now.missed - (since?.missed ?? 0);
  const allowed = ((now.arrived - (since?.arrived ?? 0)) * (100 - objectivePercent)) / 100;
  if (missed <= 0) return 1;
  return allowed <= 0 ? 0 : Math.max(0, 1 - missed / allowed);
}
