import type { DecisionMark } from "../../../operator/api/console.ts";

/** Each decision once, the newest first. */
export function newestFirst(decisions: readonly DecisionMark[]): readonly DecisionMark[] {
  const byId = new Map(decisions.map((decision) => [decision.id, decision]));
  return [...byId.values()].sort((one, other) => other.atMs - one.atMs || (one.group < other.group ? -1 : 1));
}
