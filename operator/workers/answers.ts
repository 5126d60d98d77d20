import type { Engine } from "../engines/index.ts";
import { hideSecrets } from "./hide-secrets.ts";

/** Interprets the answers of workers. Pure functions of status and body. */

/** An HTTP answer, with its body up to a limit. */
export interface WorkerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Readiness =
  | {
      readonly kind: "ready";
      readonly sessions: number | undefined;
      readonly slots: number | undefined;
      readonly agent?: AgentReport;
    }
  /** The worker is healthy and every slot is taken. */
  | { readonly kind: "full"; readonly sessions: number | undefined; readonly slots: number | undefined }
  | { readonly kind: "not-ready" };

export type BusyReason = "at_capacity" | "not_ready";

/** What the server of a LiveKit agent reports of itself. */
export interface AgentReport {
  /** The name by which jobs request the agent. Empty: LiveKit sends it a job for every new room. */
  readonly name: string;
  readonly jobs: number;
  /** From 0 on; usually the share of the CPU that is in use. */
  readonly load: number;
}

/** The report in the answer of a LiveKit agent; undefined if the answer is none. Numbers that are 0 and empty texts are missing. */
export function agentReport(answer: WorkerAnswer): AgentReport | undefined {
  const { sdk_version: version, agent_name: name = "", active_jobs = 0, worker_load: load = 0 } = jsonObject(answer.body);
  const jobs = countOf(active_jobs);
  // Every agent reports its version. Without it, missing numbers would be no zeros.
  if (answer.status !== 200 || typeof version !== "string" || typeof name !== "string") return undefined;
  if (jobs === undefined || typeof load !== "number" || !(load >= 0)) return undefined;
  return { name, jobs, load };
}

/** Interprets the answer of an engine's ready path. */
export function readReadiness(answer: WorkerAnswer, { jobs }: Engine): Readiness {
  if (jobs === undefined) return launchReadiness(answer);
  const agent = agentReport(answer);
  return agent === undefined ? { kind: "not-ready" } : { kind: "ready", sessions: agent.jobs, slots: undefined, agent };
}

/** A full worker answers 503 and is still ready. */
function launchReadiness(answer: WorkerAnswer): Readiness {
  const full = answer.status === 503 && busyReason(answer) === "at_capacity";
  if (answer.status !== 200 && !full) return { kind: "not-ready" };
  const body = jsonObject(answer.body);
  const counts = { sessions: countOf(body.active_sessions), slots: countOf(body.max_sessions) };
  return { kind: full ? "full" : "ready", ...counts };
}

/** The sessions in the answer of an engine's sessions path; undefined if it has none. */
export function sessionsIn(answer: WorkerAnswer, { jobs }: Engine): number | undefined {
  if (jobs !== undefined) return agentReport(answer)?.jobs;
  return answer.status === 200 ? countOf(jsonObject(answer.body).active_sessions) : undefined;
}

/** Why a worker answered 503. Some workers wrap the word in a sentence or in `detail`, so the whole body is searched. */
export function busyReason(answer: WorkerAnswer): BusyReason {
  return answer.body.includes("at_capacity") ? "at_capacity" : "not_ready";
}

const LONGEST_MESSAGE = 500;
/** Length of the text that is searched for secrets. Longer than the quote, because hidden secrets shorten it. */
const LONGEST_SEARCHED = 4 * LONGEST_MESSAGE;

/**
 * The error message of the worker: a string in one of the usual fields, or the start of the text.
 * @param secrets secrets in the request. No part of them is quoted, because some workers repeat the form in their answer.
 */
export function workerMessage(answer: WorkerAnswer, secrets: readonly string[]): string {
  const body = jsonObject(answer.body);
  const words = [objectOf(body.error).message, body.message, faultsIn(body.detail), body.detail, body.error];
  const message = words.find((value) => typeof value === "string") ?? answer.body.trim();
  return hideSecrets(message.slice(0, LONGEST_SEARCHED), secrets).slice(0, LONGEST_MESSAGE);
}

/** The form errors of FastAPI, `[{loc, msg, input}]`, without the input; undefined if it is not such a list. */
function faultsIn(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return undefined;
  const faults = detail.map(objectOf).flatMap(({ loc, msg }) => {
    const where = Array.isArray(loc) ? loc.filter((part) => part !== "body").join(".") : "";
    return typeof msg === "string" ? [where === "" ? msg : `${where}: ${msg}`] : [];
  });
  return faults.length === 0 ? undefined : faults.join("; ");
}

/** The id of a launched session at its worker. */
export function taskId(answer: WorkerAnswer): string | undefined {
  return safeId(jsonObject(answer.body).task_id);
}

/** An id that is valid in a path. */
function safeId(id: unknown): string | undefined {
  return typeof id === "string" && /^[\w.-]{1,128}$/.test(id) ? id : undefined;
}

export type TaskState = "pending" | "running" | "ended" | "unknown";

/** State of a session. `ended` covers completed, failed and cancelled tasks, and tasks that the worker no longer knows. */
export function taskState(answer: WorkerAnswer): TaskState {
  if (answer.status === 404) return "ended";
  const body = jsonObject(answer.body);
  const state = body.state ?? body.status;
  switch (state) {
    case "pending":
    case "running":
      return state;
    case "completed":
    case "failed":
    case "cancelled":
      return "ended";
    default:
      return "unknown";
  }
}

export type TaskInRoom =
  /** A session of the room is running or pending. */
  | { readonly kind: "live"; readonly taskId: string }
  | { readonly kind: "none" }
  /** The answer is not a list of tasks. */
  | { readonly kind: "unknown" };

/** Finds a room in the task list of a worker. @param isOther tasks of the room that do not count. */
export function taskInRoom(answer: WorkerAnswer, room: string, isOther: (taskId: string) => boolean): TaskInRoom {
  const tasks = tasksIn(answer);
  if (tasks === undefined) return { kind: "unknown" };
  const live = tasks.find(
    ({ taskId, roomName, state }) => roomName === room && (state === "pending" || state === "running") && !isOther(taskId),
  );
  return live === undefined ? { kind: "none" } : { kind: "live", taskId: live.taskId };
}

const listedStates = ["pending", "running", "completed", "failed", "cancelled"] as const;

/** A session in the task list of its worker. */
export interface ListedTask {
  readonly taskId: string;
  readonly roomName: string;
  readonly state: (typeof listedStates)[number];
  /** Unix times in ms by the worker's clock, if it reports them. */
  readonly createdMs?: number;
  readonly completedMs?: number;
}

/** The task list of a worker, `{"tasks": [...]}` or the bare list, without invalid entries; undefined if it is not a list. */
export function tasksIn(answer: WorkerAnswer): readonly ListedTask[] | undefined {
  if (answer.status !== 200) return undefined;
  const body = parsed(answer.body);
  const tasks = Array.isArray(body) ? body : objectOf(body).tasks;
  if (!Array.isArray(tasks)) return undefined;
  return tasks.map(objectOf).flatMap((task) => {
    const taskId = safeId(task.task_id);
    const roomName = task.room_name;
    const state = listedStates.find((known) => known === (task.state ?? task.status));
    if (taskId === undefined || typeof roomName !== "string" || state === undefined) return [];
    const createdMs = timeOf(task.created_at);
    const completedMs = timeOf(task.completed_at);
    return {
      taskId,
      roomName,
      state,
      ...(createdMs === undefined ? {} : { createdMs }),
      ...(completedMs === undefined ? {} : { completedMs }),
    };
  });
}

/** A time in ISO 8601, or in seconds since 1970. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : typeof value === "number" ? value * 1_000 : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  return objectOf(parsed(text));
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** Undefined if the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
