import type { V1Pod } from "@kubernetes/client-node";
import type { KubeClient } from "../../kube/client.ts";
import { isGoneOrReplaced } from "../../kube/errors.ts";
import { pods } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import { marksMetadata, type PodMarks } from "../../resources/marks.ts";
import type { ShrinkStep, WorkerState } from "../../scaling/victims.ts";
import { WATCH_LAG_MS } from "../delays.ts";
import type { PoolMemory } from "../memory.ts";
import type { Members } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { type WriteLimit, writeEach } from "./write-each.ts";

/** Pods whose protection changes in one reconcile; the others follow when the watch shows these. */
const PROTECTED_AT_ONCE = 32;

export interface MarkContext {
  readonly client: Pick<KubeClient, "apply">;
  readonly memory: PoolMemory;
  readonly nowMs: number;
  readonly limit: WriteLimit;
}

/**
 * Cordons, uncordons and releases workers. A pod whose protection changes too is written once.
 * @throws the worst error once every other pod is marked.
 * @returns how many of the workers that were to be released are gone. Replicas may be lowered by the others alone: in place of one
 * that is gone its ReplicaSet would take a worker that was not released.
 */
export async function applyStep(context: MarkContext, members: Members, step: ShrinkStep): Promise<number> {
  const released = new Set(step.release.map(({ uid }) => uid));
  let gone = 0;
  await writeEach(context.limit, stepMarks(members, step, context.nowMs), async ({ pod, marks }) => {
    const marked = await mark(context, pod, marks);
    if (!marked && released.has(pod.uid)) gone++;
  });
  return gone;
}

/**
 * Protects workers that became busy and unprotects idle ones, except those that the step marks.
 * @throws the worst error once every other pod is marked.
 */
export async function applyProtection(context: MarkContext, members: Members, step: ShrinkStep): Promise<void> {
  const marked = new Set(stepMarks(members, step, context.nowMs).map(({ pod }) => pod.uid));
  const changed = members.pods.filter(({ uid }) => members.protection.changes.has(uid) && !marked.has(uid));
  // Busy workers first: an eviction may happen at any moment.
  const urgent = changed.sort((a, b) => Number(a.protected) - Number(b.protected)).slice(0, PROTECTED_AT_ONCE);
  await writeEach(context.limit, urgent, async (pod) => {
    const { cordonedAtMs, released } = pod;
    await mark(context, pod, { cordonedAtMs, released, protected: isProtected(members, pod) });
  });
}

interface Marked {
  readonly pod: PodView;
  readonly marks: PodMarks;
}

function stepMarks(members: Members, step: ShrinkStep, nowMs: number): readonly Marked[] {
  const byUid = new Map(members.pods.map((pod) => [pod.uid, pod]));
  const marked = (workers: readonly WorkerState[], marks: (pod: PodView) => Omit<PodMarks, "protected">) =>
    workers.flatMap(({ uid }) => {
      const pod = byUid.get(uid);
      return pod === undefined ? [] : { pod, marks: { ...marks(pod), protected: isProtected(members, pod) } };
    });
  return [
    ...marked(step.uncordon, () => ({ cordonedAtMs: undefined, released: false })),
    ...marked(step.cordon, ({ cordonedAtMs = nowMs }) => ({ cordonedAtMs, released: false })),
    // Those that seem to be released already, too: only a write shows that they are still there.
    ...marked(step.release, ({ cordonedAtMs = nowMs }) => ({ cordonedAtMs, released: true })),
  ];
}

function isProtected({ protection }: Members, pod: PodView): boolean {
  return protection.changes.get(pod.uid) ?? pod.protected;
}

/** Makes a pod carry exactly these marks. @returns false when it is gone. */
async function mark({ client, memory, nowMs }: MarkContext, { namespace, name, uid }: PodView, marks: PodMarks): Promise<boolean> {
  const object: Json<V1Pod> = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid, ...marksMetadata(marks) } };
  try {
    await client.apply(pods, object);
    memory.marks.set(uid, { marks, atMs: nowMs });
    return true;
  } catch (error) {
    // An apply with a UID answers 409 when the pod is gone, or another has its name by now.
    if (!isGoneOrReplaced(error)) throw error;
    return false;
  }
}

/** The pods as we marked them last, while the watch may not have shown it yet. */
export function asMarked(pods: readonly PodView[], { marks }: PoolMemory, nowMs: number): readonly PodView[] {
  return pods.map((pod) => {
    const last = marks.get(pod.uid);
    return last === undefined || nowMs - last.atMs > WATCH_LAG_MS ? pod : { ...pod, ...last.marks };
  });
}
