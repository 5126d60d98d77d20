import { annotations, CLI_FIELD_MANAGER, labels } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { pods } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import type { Print } from "./output.ts";

interface Pod extends KubeObject {
  readonly metadata?: KubeObject["metadata"] & { readonly deletionTimestamp?: string };
}

/**
 * `avatarpool drain`: requests that a worker gets no more launches and is removed once its sessions have ended, or withdraws the
 * request. The operator and the gateways act on the annotation.
 * @throws Error if the pod is no worker.
 */
export async function drainWorker(
  client: Pick<KubeClient, "get" | "mergePatch">,
  worker: ObjectRef,
  { undo, now }: { readonly undo: boolean; readonly now: Date },
  print: Print,
): Promise<void> {
  const pod = await client.get<Pod>(pods, worker);
  const pool = pod?.metadata?.labels?.[labels.pool];
  if (pod === undefined || pool === undefined) {
    const cure = `list the workers with kubectl -n ${worker.namespace} get pods -l ${labels.pool}`;
    throw new Error(`there is no worker ${worker.name} in namespace ${worker.namespace}: ${cure}`);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) return print(`worker ${keyOf(worker)} is being deleted already`);
  const requested = pod.metadata?.annotations?.[annotations.drain] !== undefined;
  if (requested !== undo) return print(`worker ${keyOf(worker)} is ${undo ? "not draining" : "draining already"}`);
  const value = undo ? null : now.toISOString();
  const patch = { metadata: { annotations: { [annotations.drain]: value } } };
  await client.mergePatch(pods, worker, patch, { fieldManager: CLI_FIELD_MANAGER });
  print(
    undo
      ? `worker ${keyOf(worker)} takes launches again`
      : `worker ${keyOf(worker)} of AvatarPool ${pool} takes no more launches, and is removed once its sessions have ended`,
  );
}
