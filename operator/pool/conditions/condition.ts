import type { ConditionReason, ConditionType } from "../../api/conditions.ts";

/** What holds of a pool or does not, in a sentence that a person can act on. */
export interface PoolCondition {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ConditionReason;
  readonly message: string;
}
