import { hideSecrets } from "./hide-secrets.ts";

/** What a worker's answers mean. Pure: status and body in, meaning out. */

/** An HTTP answer, its body read up to a limit. */
export interface WorkerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Readiness =
  | { readonly kind: "ready"; readonly sessions: number | undefined; readonly slots: number | undefined }
  /** Works, and every slot is taken. */
  | { readonly kind: "full"; readonly sessions: number | undefined; readonly slots: number | undefined }
  | { readonly kind: "not-ready" };

export type BusyReason = "at_capacity" | "not_ready";

/** Reads the answer of a worker's ready path: a full worker answers 503 there, and is ready all the same. */
export function readReadiness(answer: WorkerAnswer): Readiness {
  const full = answer.status === 503 && busyReason(answer) === "at_capacity";
  if (answer.status !== 200 && !full) return { kind: "not-ready" };
  const body = jsonObject(answer.body);
  const counts = { sessions: countOf(body.active_sessions), slots: countOf(body.max_sessions) };
  return { kind: full ? "full" : "ready", ...counts };
}

/** Sessions by a worker's health; undefined when it does not say. */
export function sessionsIn(answer: WorkerAnswer): number | undefined {
  return answer.status === 200 ? countOf(jsonObject(answer.body).active_sessions) : undefined;
}

/** Why a worker answered 503. Some wrap the word in a sentence or in `detail`, so the whole body is looked through. */
export function busyReason(answer: WorkerAnswer): BusyReason {
  return answer.body.includes("at_capacity") ? "at_capacity" : "not_ready";
}

const LONGEST_MESSAGE = 500;
/** What is searched for secrets: what they hide leaves room for more of the text. */
const LONGEST_SEARCHED = 4 * LONGEST_MESSAGE;

/**
 * The worker's own words about an error: a string of the usual fields, or the start of the text.
 * @param secrets what the worker was sent; no part of it is quoted, as some workers answer with the form that they got.
 */
export function workerMessage(answer: WorkerAnswer, secrets: readonly string[]): string {
  const body = jsonObject(answer.body);
  const words = [objectOf(body.error).message, body.message, faultsIn(body.detail), body.detail, body.error];
  const message = words.find((value) => typeof value === "string") ?? answer.body.trim();
  return hideSecrets(message.slice(0, LONGEST_SEARCHED), secrets).slice(0, LONGEST_MESSAGE);
}

/** What FastAPI finds wrong with a form, `[{loc, msg, input}]`, without the input; undefined for what is no such list. */
function faultsIn(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return undefined;
  const faults = detail.map(objectOf).flatMap(({ loc, msg }) => {
    const where = Array.isArray(loc) ? loc.filter((part) => part !== "body").join(".") : "";
    return typeof msg === "string" ? [where === "" ? msg : `${where}: ${msg}`] : [];
  });
  return faults.length === 0 ? undefined : faults.join("; ");
}

/** The id under which a worker keeps a launched session. */
export function taskId(answer: WorkerAnswer): string | undefined {
  return safeId(jsonObject(answer.body).task_id);
}

/** An id that may stand in a path. */
function safeId(id: unknown): string | undefined {
  return typeof id === "string" && /^[\w.-]{1,128}$/.test(id) ? id : undefined;
}

export type TaskState = "pending" | "running" | "ended" | "unknown";

/** Where a session stands. `ended` covers completed, failed and cancelled, and a task that the worker has forgotten. */
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
  /** A session of the room is running or about to. */
  | { readonly kind: "live"; readonly taskId: string }
  | { readonly kind: "none" }
  /** The answer is no list of tasks. */
  | { readonly kind: "unknown" };

/** Looks a room up in a worker's list of tasks. @param isOther tasks of the room that do not count. */
export function taskInRoom(answer: WorkerAnswer, room: string, isOther: (taskId: string) => boolean): TaskInRoom {
  const tasks = tasksIn(answer);
  if (tasks === undefined) return { kind: "unknown" };
  const live = tasks.find(
    ({ taskId, roomName, state }) => roomName === room && (state === "pending" || state === "running") && !isOther(taskId),
  );
  return live === undefined ? { kind: "none" } : { kind: "live", taskId: live.taskId };
}

const listedStates = ["pending", "running", "completed", "failed", "cancelled"] as const;

/** A session as its worker lists it. */
export interface ListedTask {
  readonly taskId: string;
  readonly roomName: string;
  readonly state: (typeof listedStates)[number];
}

/** A worker's list of tasks, `{"tasks": [...]}` or the bare list, without those that make no sense; undefined when it is none. */
export function tasksIn(answer: WorkerAnswer): readonly ListedTask[] | undefined {
  if (answer.status !== 200) return undefined;
  const body = parsed(answer.body);
  const tasks = Array.isArray(body) ? body : objectOf(body).tasks;
  if (!Array.isArray(tasks)) return undefined;
  return tasks.map(objectOf).flatMap((task) => {
    const taskId = safeId(task.task_id);
    const roomName = task.room_name;
    const state = listedStates.find((known) => known === (task.state ?? task.status));
    return taskId === undefined || typeof roomName !== "string" || state === undefined ? [] : [{ taskId, roomName, state }];
  });
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

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
