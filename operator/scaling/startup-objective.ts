import { percentile } from "./percentile.ts";

export interface StartupObjective {
  readonly targetMs: number;
  /** Share of the launches that must be as fast, in percent. */
  readonly percentile: number;
}

/** With so many good start-ups a new revision may go on. Fewer bad ones may stop it. */
export const ENOUGH_STARTUPS = 3;

/** How sure we want to be that a new revision is slower: one stop in a hundred may be a false alarm. */
const CHANCE = 0.01;

/**
 * The start-up time by which a new revision misses the objective; undefined while it may well meet it, or is no worse than
 * what it replaces. It misses it when so many slow start-ups among so few would come about by chance in less than 1% of
 * cases, were the share of slow ones what the objective allows, or what it was before (a one-sided binomial test). So two slow
 * ones of two suffice at 95%, and a rollout is stopped early. Without start-ups what was found before holds, as long as the
 * objective does not allow it.
 * @param fresh start-up times on the new revision, in ms; `former`: on those that it replaces.
 * @param before the time by which it missed the objective when last looked at.
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
  return (
    before ??
    percentile(
      [...fresh].sort((a, b) => a - b),
      percent / 100,
    )
  );
}

/** P(X >= successes) for a binomial X of so many trials, each of this probability. */
export function chanceOfAtLeast(successes: number, trials: number, probability: number): number {
  if (successes === 0 || probability >= 1) return 1;
  // Of exactly 0, then each from the one before: C(n, i+1) = C(n, i) (n - i) / (i + 1).
  let exactly = (1 - probability) ** trials;
  let fewer = 0;
  for (let count = 0; count < successes; count++) {
    fewer += exactly;
    exactly *= ((trials - count) / (count + 1)) * (probability / (1 - probability));
  }
  return Math.max(0, 1 - fewer);
}
