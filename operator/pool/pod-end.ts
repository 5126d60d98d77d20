import type { V1Pod } from "@kubernetes/client-node";
import { hasEnded } from "../api/membership.ts";
import type { Json } from "../kube/types.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";
import { timeMs } from "./time.ts";

/** Why a pod failed: it was evicted, its node was shut down, or the kubelet rejected it. */
export interface PodEnd {
  /** Kubernetes' reason: `Evicted`, `NodeShutdown`, `OutOfmemory`, `UnexpectedAdmissionError`, … */
  readonly reason: string;
  /** Kubernetes' message; may be empty. */
  readonly message: string;
  readonly atMs: number;
}

/** Limit on a quotation from a pod's status, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Undefined unless the pod's phase is final. */
export function podEnd(pod: Json<V1Pod>): PodEnd | undefined {
  if (!hasEnded(pod)) return undefined;
  const { metadata, status } = pod;
  const disrupted = status?.conditions?.find(({ type, status: holds }) => type === "DisruptionTarget" && holds === "True");
  const ended = status?.containerStatuses?.flatMap(({ state }) => state?.terminated ?? []) ?? [];
  const failed = ended.find(({ exitCode }) => exitCode !== 0);
  const changes = status?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime) ?? [];
  const times = [metadata?.creationTimestamp, ...changes, ...ended.map(({ finishedAt }) => finishedAt)];
  const words = status?.message ?? disrupted?.message ?? failed?.message ?? "";
  return {
    reason: status?.reason ?? disrupted?.reason ?? failed?.reason ?? status?.phase ?? "",
    message: hideSecrets(words.trim()).slice(0, MAX_MESSAGE_LENGTH),
    atMs: Math.max(0, ...times.flatMap((text) => timeMs(text) ?? [])),
  };
}
