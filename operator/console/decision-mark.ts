import type { DecisionMark } from "../api/console.ts";
import type { DecisionRecord } from "../pool/planning/decision.ts";

/** At one moment there is at most one decision on a group. */
export function decisionId({ atMs, group }: Pick<DecisionRecord, "atMs" | "group">): string {
  return `${atMs}-${group}`;
}

export function decisionMark(record: DecisionRecord): DecisionMark {
  const { atMs, group, from, to, outcome, reason, arithmetic } = record;
  return { id: decisionId(record), atMs, group, from, to, outcome, reason, arithmetic };
}
