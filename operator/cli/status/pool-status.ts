import { conditionTypes, troubles } from "../../api/conditions.ts";
import { type PoolConfig, resolvePool } from "../../api/pool-config.ts";
import {
  type AvatarPoolStatus,
  avatarPoolSchema,
  type DecisionStatus,
  type Condition as PoolCondition,
} from "../../api/v1alpha1/index.ts";
import { type KubeObject, keyOf } from "../../kube/types.ts";

/** What `status` shows of one pool. */
export interface PoolStatus {
  readonly config: PoolConfig;
  readonly status: AvatarPoolStatus;
  /** Newest first. */
  readonly decisions: readonly DecisionStatus[];
}

/** @throws Error if the object has a format that this version does not read. */
export function poolStatus(object: KubeObject): PoolStatus {
  const parsed = avatarPoolSchema.safeParse(object);
  if (!parsed.success)
    throw new Error(`AvatarPool ${keyOf(object.metadata ?? {})} has an unknown format: use the CLI of the installed version`);
  const { status = {} } = parsed.data;
  return { config: resolvePool(parsed.data), status, decisions: status.lastDecision === undefined ? [] : [status.lastDecision] };
}

export function conditionOf({ status }: PoolStatus, type: string): PoolCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

/** Conditions that need a person, the most urgent first. */
export function troublesOf(pool: PoolStatus): readonly PoolCondition[] {
  return troubles.flatMap(({ type, status }) => {
    const found = conditionOf(pool, type);
    return found?.status === status ? found : [];
  });
}

/** Whether the pool is ready, as one word, and why. */
export function readiness(pool: PoolStatus): { readonly word: "Ready" | "NotReady" | "Unknown"; readonly why: string } {
  const ready = conditionOf(pool, conditionTypes.ready);
  if (ready === undefined || ready.status === "Unknown")
    return { word: "Unknown", why: ready?.message ?? "the operator has not reported yet" };
  return { word: ready.status === "True" ? "Ready" : "NotReady", why: ready.message };
}

/** Adds decisions that the list does not have yet, newest first. */
export function mergeDecisions(
  known: readonly DecisionStatus[],
  more: readonly DecisionStatus[],
  limit: number,
): readonly DecisionStatus[] {
  const byKey = new Map([...known, ...more].map((each) => [`${secondOf(each.time)} ${each.group} ${each.to}`, each]));
  return [...byKey.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, limit);
}

/** The status has whole seconds, and the operator's list has milliseconds. */
function secondOf(time: string): number {
  return Math.floor(Date.parse(time) / 1_000);
}
