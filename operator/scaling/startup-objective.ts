import { percentile } from "./percentile.ts";

export interface StartupObjective {
  readonly targetMs: number;
  /** Percentage of the launches that must meet the target. */
  readonly percentile: number;
}

/** Number of good start-ups after which the rollout continues. Fewer bad ones may stop it. */
export const ENOUGH_STARTUPS = 3;

/** Probability of a false alarm: one stop in a hundred. */
const CHANCE = 0.01;

/**
 * The start-up time in ms with which a new revision misses the objective; undefined while it may meet it, or if it is no worse
 * than the revision that it replaces. A one-sided binomial test decides: the revision misses the objective if so many slow
 * start-ups have a probability below 1%, given the share that the objective allows or the share on the former revision. So two
 * slow ones of two suffice at 95%. Without start-ups on the new revision, the previous result stays valid while it exceeds the
 * target.
 * @param fresh start-up times in ms on the new revision.
 * @param former start-up times in ms on the revisions that it replaces.
 * @param before the previous result.
 */
export function missedBy(
  fresh: readonly number[],
  former: readonly number[],
  { targetMs, percentile: percent }: StartupObjective,
  before: number | undefined,
): number | undefined {
  if (fresh.length === 0) return before !== undefined && before > targetMs ? before : undefined;
  const slow = (startups: readonly number[]) => startups.filter((startupMs) => startupMs > targetMs).length;
  const allowed = Math.max(1 - percent / 100, former.length === 0 ? 0 : slow(former) / former.length);
  if (chanceOfAtLeast(slow(fresh), fresh.length, allowed) >= CHANCE) return undefined;
  const ascending = fresh.toSorted((a, b) => a - b);
  return before ?? percentile(ascending, percent / 100);
}

/** P(X >= successes) for a binomial X with this number of trials and this probability. */
export function chanceOfAtLeast(successes: number, trials: number, probability: number): number {
  if (successes === 0 || probability >= 1) return 1;
  // P(X = 0), then each term from the previous one: C(n, i+1) = C(n, i) (n - i) / (i + 1).
  let exactly = (1 - probability) ** trials;
  let fewer = 0;
  for (let count = 0; count < successes; count++) {
    fewer += exactly;
    exactly *= ((trials - count) / (count + 1)) * (probability / (1 - probability));
  }
  return Math.max(0, 1 - fewer);
}
