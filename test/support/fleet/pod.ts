import type { V1Pod } from "@kubernetes/client-node";
import { labels, WORKER_CONTAINER } from "../../../operator/api/names.ts";
import { type EngineName, engineNames } from "../../../operator/engines/index.ts";
import type { Json } from "../../../operator/kube/types.ts";
import { ASSETS_CONTAINER } from "../../../operator/resources/sidecar.ts";

/** A pod as the API server returns it, and the fields that a kubelet reads. */
export type Pod = Json<V1Pod>;
export type PodSpec = NonNullable<Pod["spec"]>;
export type Container = PodSpec["containers"][number];
export type ProbeSpec = NonNullable<Container["startupProbe"]>;

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function identityOf(pod: Pod): PodIdentity {
  const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
  return { namespace, name, uid };
}

/** Undefined for a pod that is not a worker of a pool. */
export function engineOfPod(pod: Pod): EngineName | undefined {
  const name = pod.metadata?.labels?.[labels.engine];
  return engineNames.find((engine) => engine === name);
}

/** The handling of a container: this kubelet simulates some containers, and only reports the others as running. */
export function roleOf(pod: Pod, container: Container): "worker" | "fetch-assets" | "other" {
  if (container.name === ASSETS_CONTAINER) return "fetch-assets";
  return container.name === WORKER_CONTAINER && engineOfPod(pod) !== undefined ? "worker" : "other";
}

/** An init container that runs alongside the main containers. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

export function conditionOf(pod: Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}
