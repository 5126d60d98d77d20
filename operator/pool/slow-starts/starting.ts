import type { V1Pod } from "@kubernetes/client-node";
import type { Json } from "../../kube/types.ts";

/** What a scheduled pod that does not run yet waits for, as its kubelet reports it. */
export interface Starting {
  readonly sinceMs: number;
  /** Such as `worker: ContainerCreating`; an init container that has not ended yet is `Running`. */
  readonly what: string;
}

/** Undefined for a pod that runs, has no node, or is being deleted. */
export function startingOf({ metadata = {}, spec, status }: Json<V1Pod>): Starting | undefined {
  if (spec?.nodeName === undefined || status?.phase !== "Pending" || metadata.deletionTimestamp !== undefined) return undefined;
  const scheduled = status.conditions?.find(({ type }) => type === "PodScheduled");
  const sinceMs = Date.parse(scheduled?.lastTransitionTime ?? metadata.creationTimestamp ?? "");
  if (Number.isNaN(sinceMs)) return undefined;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const first = statuses.find(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0);
  if (first === undefined) return { sinceMs, what: "the kubelet has not started the pod" };
  const state = first.state?.waiting?.reason ?? (first.state?.running === undefined ? "ContainerCreating" : "Running");
  return { sinceMs, what: `${first.name}: ${state}` };
}
