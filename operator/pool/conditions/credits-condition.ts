import { conditionReasons as reasons, conditionTypes as types } from "../../api/conditions.ts";
import { MILLI } from "../../api/credits-config.ts";
import { isExceeded, periodOf, spentIn } from "../credits/ledger.ts";
import type { Snapshot } from "../snapshot.ts";
import { conditionOf, type PoolCondition } from "./condition.ts";

/** Whether the pool's credits are within its budget. Empty if it has none. */
export function creditsWithinBudget({ pool, credits: view, nowMs }: Snapshot): readonly PoolCondition[] {
  const { credits, overflow } = pool;
  const budget = credits?.budget;
  if (credits === undefined || budget === undefined) return [];
  const finding = conditionOf(types.creditsWithinBudget);
  if (view === undefined) {
    const message = `the operator may not read ConfigMap ${pool.namespace}/${pool.name}-credits: check its permissions`;
    return [finding("Unknown", reasons.creditsUnreadable, message)];
  }
  const { ledger } = view;
  const period = periodOf(nowMs, budget.period);
  const used = `${spentIn(ledger, period) / MILLI} of ${budget.credits} credits are used in ${period} (UTC)`;
  if (!isExceeded(credits, ledger, nowMs)) return [finding("True", reasons.withinBudget, used)];
  const stopped = overflow !== undefined && budget.stopOverflow ? "launches do not overflow to the maker's cloud" : undefined;
  const effect = `sessions on the pool's own workers continue${stopped === undefined ? "" : `, and ${stopped}`}`;
  const cure = "raise credits.budget.credits, or lower limits.maxSessions or overflow.maxSessions";
  return [finding("False", reasons.budgetExceeded, `${used}: ${effect}; ${cure}`)];
}
