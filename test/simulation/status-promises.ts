import { conditionTypes } from "../../operator/api/conditions.ts";
import { holds, isDeleting } from "./api-objects.ts";
import type { JudgedWorld } from "./judged.ts";
import { groupOf } from "./pod-spec.ts";

/** Time in which the operator receives a change, plans, and writes its status. */
const STATUS_LAG_MS = 10_000;

/** A request without a response times out only after half a minute. */
const AFTER_TROUBLE_MS = 45_000;

/** Conditions that are True without a fault. The others are True if there is a fault. */
const badWhenFalse: ReadonlySet<string> = new Set([
  conditionTypes.ready,
  conditionTypes.warmCapacity,
  conditionTypes.startupObjective,
  conditionTypes.credentialsValid,
  conditionTypes.secretsUsable,
  conditionTypes.overflowReady,
]);

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

/** Promise 6, at every step: a condition reports every fault. */
export class StatusWatch {
  /** The current faults, and their beginnings. */
  #wrong = new Map<string, number>();

  look(world: JudgedWorld): void {
    const nowMs = world.clock.now();
    this.#wrong = new Map(troubles(world).map((what) => [what, this.#wrong.get(what) ?? nowMs]));
    const { operator, poolObject: object, witness } = world;
    if (operator === undefined || object === undefined || isDeleting(object) || world.api.trouble !== undefined) return;
    if (world.api.refusal?.plural === "avatarpools") return;
    const quietMs = nowMs - Math.max(operator.startedMs, world.calmSinceMs);
    if (quietMs < (world.untroubled ? STATUS_LAG_MS : AFTER_TROUBLE_MS)) return;
    const conditions = (object.status as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
    if (conditions.length === 0) witness.broken(6, "the pool has no conditions");
    for (const { type, message } of conditions) if (!message) witness.broken(6, `condition ${type} has no message`);
    const fine = conditions.every(({ type, status }) => !(badWhenFalse.has(type) ? status === "False" : status === "True"));
    for (const [what, sinceMs] of this.#wrong)
      if (fine && Math.min(quietMs, nowMs - sinceMs) > STATUS_LAG_MS)
        witness.broken(6, `${what}, but no condition reports a fault`);
  }
}

/** The current faults of the world, each under a stable name. */
function troubles(world: JudgedWorld): readonly string[] {
  const pods = world.cluster.pods().filter((pod) => !isDeleting(pod));
  const wrong: string[] = [];
  for (const { name } of world.pool.presets) {
    const groups = world.pool.groups.filter(({ presets }) => presets.includes(name));
    const serving = pods.some((pod) => holds(pod, "ContainersReady") && groups.some((group) => group.name === groupOf(pod)));
    // A group with size 0 serves by growing.
    const wanted = groups.every((group) => (world.replicas(group.name) ?? 0) > 0);
    if (wanted && !serving) wrong.push(`no worker serves ${name}`);
  }
  if (world.longestWaitMs > world.longestStartMs && world.isCalm) wrong.push("launches wait");
  return wrong;
}
