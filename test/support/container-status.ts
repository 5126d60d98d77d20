import type { V1ContainerStatus } from "@kubernetes/client-node";
import type { Json } from "../../operator/kube/types.ts";

type Status = Json<V1ContainerStatus>;

/** The status of a container in a pod. */
export function containerStatus(name: string, state: NonNullable<Status["state"]>, change: Partial<Status> = {}): Status {
  return { name, image: "", imageID: "", ready: false, restartCount: 0, state, ...change };
}
