import { labels } from "../../api/names.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { PodEnd } from "../pod-end.ts";
import type { PodView } from "../views.ts";

/** Time over which failed pods are counted. */
export const FAILURE_SPAN_MS = 600_000;
/** A node that shuts down or lacks memory ends one or two pods. More within ten minutes have a lasting cause. */
export const FAILURES_RECUR = 3;

/** Repeated failures of a group's pods: each replacement may fail in the same way. */
export interface Failures {
  readonly count: number;
  readonly last: PodEnd;
  /** When too few remain within the last ten minutes, if no other pod fails. Unix time in ms. */
  readonly untilMs: number;
}

/** @returns undefined if fewer than {@link FAILURES_RECUR} pods failed within {@link FAILURE_SPAN_MS}. */
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

/** Number of failed pods that stay for inspection. Older ones are deleted, because failures may go on without end. */
export const ENDED_KEPT = 10;
const DISCARDED_AT_ONCE = 32;

/** Failed pods of one group to delete now: all but the latest, the oldest first, a limited number at once. */
export function toDiscard(ended: readonly PodView[]): readonly PodView[] {
  const atMs = ({ end }: PodView) => end?.atMs ?? 0;
  return [...ended].sort((a, b) => atMs(a) - atMs(b)).slice(0, Math.min(DISCARDED_AT_ONCE, Math.max(0, ended.length - ENDED_KEPT)));
}

/** A clause with the next step. The count stops at the number of pods that stay, so that the sentence stays the same. */
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
