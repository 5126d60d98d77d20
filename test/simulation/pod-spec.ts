import { annotations, labels } from "../../operator/api/names.ts";
import { type ApiObject, holds, labelsOf, nodeOf, statusOf } from "./api-objects.ts";

/** An image with this in its name cannot be pulled. */
export const BROKEN_IMAGE = "no-such-image";

interface Template {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly {
    readonly image?: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
}

/** Its grace period. */
export function graceMsOf(pod: ApiObject): number {
  return ((pod.spec as Template).terminationGracePeriodSeconds ?? 30) * 1_000;
}

export function imageOf(pod: ApiObject): string {
  return (pod.spec as Template).containers?.[0]?.image ?? "";
}

/** Read from the worker's environment. */
export function slotsOf(pod: ApiObject): number {
  const variable = (pod.spec as Template).containers?.[0]?.env?.find(({ name }) => name === "MAX_SESSIONS");
  return Number(variable?.value ?? 1);
}

/** The order in which the ReplicaSet controller deletes pods (`ActivePodsWithRanks`). Ties: the youngest first. */
export function deletedFirst(a: ApiObject, b: ApiObject): number {
  return (
    Number(nodeOf(a) !== undefined) - Number(nodeOf(b) !== undefined) ||
    Number(statusOf(a).phase === "Running") - Number(statusOf(b).phase === "Running") ||
    Number(holds(a, "Ready")) - Number(holds(b, "Ready")) ||
    costOf(a) - costOf(b) ||
    String(b.metadata.creationTimestamp).localeCompare(String(a.metadata.creationTimestamp))
  );
}

function costOf(pod: ApiObject): number {
  return Number(pod.metadata.annotations?.[annotations.deletionCost] ?? 0);
}

export function groupOf(object: ApiObject): string {
  return labelsOf(object)[labels.group] ?? "";
}
