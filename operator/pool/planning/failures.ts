import { labels } from "../../api/names.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { PodEnd } from "../pod-end.ts";
import type { PodView } from "../views.ts";

/** Ends of pods are counted over this time. */
export const FAILURE_SPAN_MS = 600_000;
/** A node that is shut down or short of memory ends a pod or two. More within ten minutes have a cause that lasts. */
export const FAILURES_RECUR = 3;

/** Pods of a group that ended for good, one after the other: each replacement may end in the same way. */
export interface Failures {
  readonly count: number;
  readonly last: PodEnd;
  /** When too few of them are left in the last ten minutes, if no other pod ends. Unix time in ms. */
  readonly untilMs: number;
}

/** @returns undefined where fewer than {@link FAILURES_RECUR} pods ended within {@link FAILURE_SPAN_MS}. */
export function failuresOf(ended: readonly PodView[], nowMs: number): Failures | undefined {
  const ends = ended
    .flatMap(({ end }) => end ?? [])
    .filter(({ atMs }) => nowMs - atMs < FAILURE_SPAN_MS)
    .sort((a, b) => b.atMs - a.atMs);
  const [last] = ends;
  const deciding = ends[FAILURES_RECUR - 1];
  if (last === undefined || deciding === undefined) return undefined;
  return { count: ends.length, last, untilMs: deciding.atMs + FAILURE_SPAN_MS };
}

/** Pods that ended and that a person may still look at. Older ones are deleted: a node may end one pod after the other without a pause. */
export const ENDED_KEPT = 10;
const DISCARDED_AT_ONCE = 32;

/** Ended pods of one group that are to be deleted now: all but the latest, the oldest first, a bounded number at once. */
export function toDiscard(ended: readonly PodView[]): readonly PodView[] {
  const atMs = ({ end }: PodView) => end?.atMs ?? 0;
  return [...ended].sort((a, b) => atMs(a) - atMs(b)).slice(0, Math.min(DISCARDED_AT_ONCE, Math.max(0, ended.length - ENDED_KEPT)));
}

/** As a clause with what to do. The count stops at the number of pods that are kept, so that the sentence comes to rest. */
export function failuresText({ namespace, name }: PoolConfig, group: string, { count, last }: Failures): string {
  const pods = count < ENDED_KEPT ? `${count} pods` : `${ENDED_KEPT} or more pods`;
  const quoted = last.message === "" ? "" : `: ${last.message.replace(/[.\s]+$/, "")}`;
  const selector = `${labels.pool}=${name},${labels.group}=${group}`;
  const list = `kubectl -n ${namespace} get pods -o wide -l ${selector} --field-selector status.phase=Failed`;
  return `${pods} of group ${group} ended within 10m, the latest with ${last.reason}${quoted}: ${cureOf(last.reason)}; list them: ${list}`;
}

function cureOf(reason: string): string {
  if (reason.startsWith("OutOf")) return "lower resources.requests of the group, or add nodes with more of that resource";
  if (reason === "UnexpectedAdmissionError") return "check the device plugin of their nodes";
  if (reason === "Evicted") return "raise resources.requests of the group, or free that resource on their nodes";
  return "check their nodes";
}
