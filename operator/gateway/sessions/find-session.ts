import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { sleep } from "../../runtime/sleep.ts";
import { taskInRoom, type WorkerAnswer } from "../../workers/answers.ts";
import { type WorkerClient, WorkerUnreachable } from "../../workers/client.ts";

/** When a worker is asked after it broke off: it may need a moment to list what it has begun. */
const LOOKS_AFTER_MS = [0, 400, 1_200];
const LOOK_TIMEOUT_MS = 2_000;

/** Where a session may have begun. */
export interface Suspect {
  readonly origin: string;
  readonly tasksPath: string;
  readonly room: string;
  /** Whether a task of the room is another launch's: it was known before this launch was sent, or belongs to a known one. */
  readonly isOther: (taskId: string) => boolean;
  /** Aborts when the worker's pod is gone. */
  readonly gone: AbortSignal;
}

/** What became of a launch whose answer was lost. */
export type Fate =
  | { readonly kind: "begun"; readonly taskId: string; readonly answer: WorkerAnswer }
  /** The worker lists no new session in that room, however often it was asked. */
  | { readonly kind: "absent" }
  /** The worker's process has ended, or its pod is gone, and with it whatever it had begun. */
  | { readonly kind: "gone" }
  | { readonly kind: "unknown" };

/**
 * Asks a worker whether it runs a session in a room that is not another launch's. A refused connection says that its process is
 * gone; one that comes to nothing may as well be the network's doing. Never throws.
 */
export async function fateOf(
  deps: { readonly client: WorkerClient; readonly clock: Clock },
  { origin, tasksPath, room, isOther, gone }: Suspect,
): Promise<Fate> {
  let seenNone = 0;
  let askedMs = 0;
  for (const afterMs of LOOKS_AFTER_MS) {
    await sleep(deps.clock, afterMs - askedMs, gone);
    if (gone.aborted) return { kind: "gone" };
    askedMs = afterMs;
    try {
      const list = await withDeadline(deps.clock, LOOK_TIMEOUT_MS, (signal) => deps.client.get(origin, tasksPath, signal), gone);
      const found = taskInRoom(list, room, isOther);
      if (found.kind === "live") return { kind: "begun", taskId: found.taskId, answer: pending(found.taskId, room) };
      if (found.kind === "none") seenNone += 1;
    } catch (error) {
      if (gone.aborted || (error instanceof WorkerUnreachable && error.refused)) return { kind: "gone" };
    }
  }
  return { kind: seenNone === LOOKS_AFTER_MS.length ? "absent" : "unknown" };
}

/** What the worker would have answered. */
function pending(taskId: string, room: string): WorkerAnswer {
  const body = JSON.stringify({ status: "pending", task_id: taskId, room_name: room });
  return { status: 200, contentType: "application/json", body };
}
