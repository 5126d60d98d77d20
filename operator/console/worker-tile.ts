import type { WorkerState, WorkerTile } from "../api/console.ts";
import type { WorkerLoadView } from "../pool/load/merge-loads.ts";
import { isLost } from "../pool/planning/supply.ts";
import type { PodView } from "../pool/views.ts";
import { isWarm } from "../pool/warmup/warmth.ts";
import { counted } from "../pool/wording.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";

/** What the tile of a worker depends on beside its pod. */
export interface TileContext {
  readonly slots: number;
  /** Presets that the worker loads. */
  readonly presets: readonly string[];
  readonly warmup: "pipeline" | "session";
  /** Whether the pod is of an earlier revision of its group. */
  readonly outdated: boolean;
  /** Undefined while no gateway reports the worker. */
  readonly load: WorkerLoadView | undefined;
  readonly nowMs: number;
}

export function workerTile(pod: PodView, context: TileContext): WorkerTile {
  const { uid, name, group, createdAtMs } = pod;
  const { outdated, load } = context;
  const { state, why } = stateOf(pod, context);
  return {
    ...{ uid, pod: name, group, state, createdAtMs, outdated, why, protected: pod.protected },
    slots: pod.end === undefined ? context.slots : 0,
    sessions: load?.sessions ?? 0,
    reserved: load?.reserved ?? 0,
    blocked: load?.blocked ?? 0,
  };
}

interface Explained {
  readonly state: WorkerState;
  readonly why: string;
}

function stateOf(pod: PodView, context: TileContext): Explained {
  const { load, nowMs } = context;
  const problem = pod.end ?? pod.problem;
  if (pod.deleting) return { state: "draining", why: deletingWhy(pod, load) };
  if (problem !== undefined) return { state: "failing", why: clauses(problem.reason, hideSecrets(problem.message)) };
  if (pod.cordonedAtMs !== undefined) return cordoned(pod, load);
  if (!pod.scheduled) return { state: "pending", why: pendingWhy(pod) };
  if (!pod.containersReady) return { state: "starting", why: startingWhy(pod) };
  if (isLost(pod, nowMs)) return { state: "failing", why: "the node of the worker does not respond" };
  if (!isWarm(pod)) return { state: "warming", why: warmingWhy(context) };
  return { state: "warm", why: warmWhy(context) };
}

function cordoned({ cordonedAtMs = 0, released }: PodView, load: WorkerLoadView | undefined): Explained {
  const since = `takes no launches since ${timeOf(cordonedAtMs)}`;
  const busy = (load?.sessions ?? 0) + (load?.reserved ?? 0);
  if (busy > 0) return { state: "draining", why: `${since}: ${remain(busy)}` };
  return { state: "cordoned", why: `${since}: it has no session${released ? ", and the next scale-down removes it" : ""}` };
}

function deletingWhy({ endsAtMs }: PodView, load: WorkerLoadView | undefined): string {
  const until = endsAtMs === undefined ? "" : `, until ${timeOf(endsAtMs)} at the latest`;
  return `the pod is being deleted: ${remain(load?.sessions ?? 0)}${until}`;
}

function remain(sessions: number): string {
  return sessions === 0 ? "no session remains" : `${counted(sessions, "session")} ${sessions === 1 ? "remains" : "remain"}`;
}

function pendingWhy({ unschedulable, createdAtMs }: PodView): string {
  if (unschedulable === undefined) return `waits for the scheduler since ${timeOf(createdAtMs)}`;
  return clauses("the scheduler finds no node", hideSecrets(unschedulable));
}

function startingWhy({ starting, startedAtMs, scheduledAtMs, createdAtMs }: PodView): string {
  if (starting !== undefined) return `starting since ${timeOf(starting.sinceMs)}: ${starting.what}`;
  if (startedAtMs !== undefined) return `the worker's process runs since ${timeOf(startedAtMs)} and is not ready yet`;
  return `starting since ${timeOf(scheduledAtMs ?? createdAtMs)}`;
}

function warmingWhy({ presets, warmup }: TileContext): string {
  const loads = warmup === "session" && presets.length > 0;
  return loads ? `ready; loading ${presets.join(", ")}` : "ready; warming up the rendering pipeline";
}

function warmWhy({ slots, load }: TileContext): string {
  if (load === undefined) return "warm; no gateway has reported it yet";
  if (!load.ready) return "warm; no gateway reaches it";
  const { sessions, reserved, blocked } = load;
  const free = Math.max(0, slots - sessions - reserved - blocked);
  const isFree = `warm; ${free} of ${counted(slots, "slot")} ${free === 1 ? "is" : "are"} free`;
  return blocked === 0 ? isFree : `${isFree}; its load blocks ${counted(blocked, "slot")}`;
}

function clauses(first: string, second: string): string {
  return second === "" ? first : `${first}: ${second}`;
}

function timeOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
}
