import { conditionReasons, conditionTypes, passingReasons, troubles } from "../api/conditions.ts";
import type { FleetRow } from "../api/console.ts";
import type { Condition } from "../api/v1alpha1/index.ts";

/** The health of a pool, and the message of the condition that decides it. */
export function healthOf(conditions: readonly Pick<Condition, "type" | "status" | "reason" | "message">[]): {
  readonly health: FleetRow["health"];
  readonly sentence: string;
} {
  const of = (type: string) => conditions.find((each) => each.type === type);
  const ready = of(conditionTypes.ready);
  if (ready === undefined) return { health: "starting", sentence: "the operator has not reconciled the pool yet" };
  if (ready.status === "False")
    return { health: ready.reason === conditionReasons.starting ? "starting" : "failed", sentence: ready.message };
  const paused = of(conditionTypes.paused);
  if (paused?.status === "True") return { health: "paused", sentence: paused.message };
  const held = troubles.flatMap(({ type, status }) => {
    const found = of(type);
    return found?.status === status ? found : [];
  });
  const urgent = held.find(({ reason }) => !passingReasons.has(reason));
  if (urgent !== undefined) return { health: "degraded", sentence: urgent.message };
  const passing = held.find(({ type }) => type === conditionTypes.warmCapacity);
  return { health: "ok", sentence: (passing ?? ready).message };
}
