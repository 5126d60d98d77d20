import type { V1Pod } from "@kubernetes/client-node";
import { hasEnded, isOfGroup } from "../../api/membership.ts";
import { annotations, labels, WARM_GATE, WORKER_CONTAINER } from "../../api/names.ts";
import { type Engine, findEngine } from "../../engines/index.ts";
import type { Json } from "../../kube/types.ts";

/** The fields of a pod that the gateway keeps: thousands of whole pods would not fit into its memory. */
export interface WorkerRecord {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly pool: string;
  readonly group: string;
  readonly engine: Engine;
  readonly createdAtMs: number;
  /** Undefined until the pod has an IP address. */
  readonly ip: string | undefined;
  readonly terminating: boolean;
  readonly cordoned: boolean;
  /** The operator found the worker ready and warmed up. */
  readonly warm: boolean;
  /**
   * Its startup probe has succeeded, as far as the kubelet has reported. A full worker answers that probe with 503, and the
   * kubelet restarts a container whose startup probe keeps failing, sessions included.
   */
  readonly started: boolean;
  /** The pod has failed or succeeded. */
  readonly ended: boolean;
}

/** @returns undefined for a pod that is no worker of a pool, even if it has the labels of one. */
export function workerRecord(pod: Json<V1Pod>): WorkerRecord | undefined {
  const { uid, name, namespace, creationTimestamp, deletionTimestamp } = pod.metadata ?? {};
  const pool = pod.metadata?.labels?.[labels.pool];
  const group = pod.metadata?.labels?.[labels.group];
  const engine = findEngine(pod.metadata?.labels?.[labels.engine] ?? "");
  if (uid === undefined || name === undefined || namespace === undefined) return undefined;
  if (pool === undefined || group === undefined || engine === undefined || !isOfGroup(pod)) return undefined;
  return {
    uid,
    name,
    namespace,
    pool,
    group,
    engine,
    createdAtMs: Date.parse(creationTimestamp ?? "") || 0,
    ip: pod.status?.podIP,
    terminating: deletionTimestamp !== undefined,
    cordoned: [annotations.cordoned, annotations.drain].some((name) => pod.metadata?.annotations?.[name] !== undefined),
    warm: pod.status?.conditions?.some(({ type, status }) => type === WARM_GATE && status === "True") ?? false,
    // The kubelet reports false until the probe has succeeded, and true for a container without one.
    started: pod.status?.containerStatuses?.find((container) => container.name === WORKER_CONTAINER)?.started !== false,
    ended: hasEnded(pod),
  };
}
