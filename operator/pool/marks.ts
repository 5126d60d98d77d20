import type { V1Pod } from "@kubernetes/client-node";
import { annotations } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { isGoneOrReplaced } from "../kube/errors.ts";
import { pods } from "../kube/resource-types.ts";
import type { Json } from "../kube/types.ts";
import type { ShrinkStep, WorkerState } from "../scaling/victims.ts";
import { type Mark, type PoolMemory, WATCH_LAG_MS } from "./memory.ts";
import type { PodView } from "./views.ts";

/** Below every other pod, so that the ReplicaSet controller takes exactly these. */
const RELEASED_COST = "-1000";

export interface MarkContext {
  readonly client: Pick<KubeClient, "apply">;
  readonly memory: PoolMemory;
  readonly nowMs: number;
}

/** Cordons, uncordons and releases. */
export async function applyStep(context: MarkContext, members: readonly PodView[], step: ShrinkStep): Promise<void> {
  const find = (worker: WorkerState) => members.find((pod) => pod.uid === worker.uid);
  for (const worker of step.uncordon) await mark(context, find(worker), "none");
  for (const worker of step.cordon) await mark(context, find(worker), "cordoned");
  for (const worker of step.release) if (!worker.released) await mark(context, find(worker), "released");
}

/** Makes a pod carry exactly the annotations of a mark; those that we set before and that it does not have go. */
async function mark({ client, memory, nowMs }: MarkContext, pod: PodView | undefined, wanted: Mark): Promise<void> {
  if (pod === undefined) return;
  const { namespace, name, uid } = pod;
  const cordonedAt = new Date(pod.cordonedAtMs ?? nowMs).toISOString();
  const marked: Record<Mark, Record<string, string>> = {
    none: {},
    cordoned: { [annotations.cordoned]: cordonedAt },
    released: { [annotations.cordoned]: cordonedAt, [annotations.deletionCost]: RELEASED_COST },
  };
  const object: Json<V1Pod> = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid, annotations: marked[wanted] } };
  try {
    await client.apply(pods, object);
    memory.marks.set(uid, { mark: wanted, atMs: nowMs });
  } catch (error) {
    // An apply with a UID answers 409 when the pod is gone, or another has its name by now.
    if (!isGoneOrReplaced(error)) throw error;
  }
}

/** The pods as we marked them last, while the watch has not shown it yet. Forgets the marks that it must have shown by now. */
export function asMarked(pods: readonly PodView[], memory: PoolMemory, nowMs: number): readonly PodView[] {
  for (const [uid, { atMs }] of memory.marks) if (nowMs - atMs > WATCH_LAG_MS) memory.marks.delete(uid);
  return pods.map((pod) => {
    const last = memory.marks.get(pod.uid);
    if (last === undefined) return pod;
    return {
      ...pod,
      cordonedAtMs: last.mark === "none" ? undefined : (pod.cordonedAtMs ?? last.atMs),
      released: last.mark === "released",
    };
  });
}
