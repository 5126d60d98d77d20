import { withDeadline } from "../../runtime/deadline.ts";
import { sleep } from "../../runtime/sleep.ts";
import { taskInRoom, type WorkerAnswer } from "../../workers/answers.ts";
import { type WorkerAccess, WorkerUnreachable } from "../../workers/client.ts";

/** Times of the queries, from the first one on. A worker may need a moment to list a session that it has begun. */
const QUERIES_AT_MS = [0, 400, 1_200];
const QUERY_TIMEOUT_MS = 2_000;

export interface SearchTarget {
  readonly origin: string;
  readonly tasksPath: string;
  readonly room: string;
  /** Whether a task in the room belongs to another launch. */
  readonly isOther: (taskId: string) => boolean;
  /** Aborts when the worker's pod is gone. */
  readonly gone: AbortSignal;
}

/** The outcome of a launch whose answer was lost. */
export type SessionSearch =
  | { readonly kind: "found"; readonly taskId: string; readonly answer: WorkerAnswer }
  /** Every query succeeded, and none listed a new session in the room. */
  | { readonly kind: "absent" }
  /** The worker's process has ended or its pod is gone, and its sessions with it. */
  | { readonly kind: "gone" }
  | { readonly kind: "unknown" };

/**
 * Searches a worker for a session in a room that belongs to no other launch. A refused connection proves that the worker's
 * process has ended. Any other failed query may be due to the network. Never throws.
 */
export async function findSession(
  deps: WorkerAccess,
  { origin, tasksPath, room, isOther, gone }: SearchTarget,
): Promise<SessionSearch> {
  let absent = 0;
  let queriedAtMs = 0;
  for (const atMs of QUERIES_AT_MS) {
    await sleep(deps.clock, atMs - queriedAtMs, gone);
    if (gone.aborted) return { kind: "gone" };
    queriedAtMs = atMs;
    try {
      const list = await withDeadline(deps.clock, QUERY_TIMEOUT_MS, (signal) => deps.client.get(origin, tasksPath, signal), gone);
      const found = taskInRoom(list, room, isOther);
      if (found.kind === "live") return { kind: "found", taskId: found.taskId, answer: pending(found.taskId, room) };
      if (found.kind === "none") absent += 1;
    } catch (error) {
      if (gone.aborted || (error instanceof WorkerUnreachable && error.refused)) return { kind: "gone" };
    }
  }
  return { kind: absent === QUERIES_AT_MS.length ? "absent" : "unknown" };
}

/** The answer that the worker would have sent. */
function pending(taskId: string, room: string): WorkerAnswer {
  const body = JSON.stringify({ status: "pending", task_id: taskId, room_name: room });
  return { status: 200, contentType: "application/json", body };
}
