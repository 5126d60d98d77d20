import type { ConditionReason, ConditionType } from "../../api/conditions.ts";

/** What holds of a pool or does not, in a sentence that a person can act on. */
export interface PoolCondition {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ConditionReason;
  readonly message: string;
}

/** A condition without its status. */
export type Cause = Pick<PoolCondition, "reason" | "message">;

/** A function that builds conditions of one type. */
export function conditionOf(type: ConditionType) {
  return (status: PoolCondition["status"], reason: ConditionReason, message: string): PoolCondition => ({
    type,
    status,
    reason,
    message,
  });
}
