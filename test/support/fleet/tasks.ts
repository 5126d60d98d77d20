import type { Clock } from "../../../operator/runtime/clock.ts";

export type TaskState = "pending" | "running" | "completed" | "failed" | "cancelled";

/** One session in the format of `/tasks`. Times are Unix ms. */
export interface Task {
  readonly id: string;
  readonly roomName: string;
  readonly state: TaskState;
  readonly createdAtMs: number;
  readonly runningAtMs?: number;
  readonly completedAtMs?: number;
  readonly error?: string;
}

export interface TaskSpec {
  readonly id: string;
  readonly roomName: string;
  /** Delay until it runs. */
  readonly startMs: number;
  /** Time from running until its normal end. */
  readonly lengthMs: number;
  /** Called once, when it starts to run. */
  readonly onRunning: () => void;
}

interface Entry {
  task: Task;
  timer: { cancel(): void };
}

/** The sessions of one worker: pending, running and ended. Ended ones are removed after the retention time. */
export class Tasks {
  readonly #clock: Clock;
  readonly #limits: { readonly taskRetentionMs: number; readonly maxTaskHistory: number };
  readonly #onEnd: (task: Task) => void;
  /** In order of creation. */
  readonly #entries = new Map<string, Entry>();
  #active = 0;

  constructor(
    clock: Clock,
    limits: { readonly taskRetentionMs: number; readonly maxTaskHistory: number },
    /** Called if a session ends normally, not if it is killed. */
    onEnd: (task: Task) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  /** Sessions that occupy a slot. */
  get active(): number {
    return this.#active;
  }

  get(id: string): Task | undefined {
    return this.#entries.get(id)?.task;
  }

  list(): readonly Task[] {
    return [...this.#entries.values()].map(({ task }) => task);
  }

  start(spec: TaskSpec): Task {
    const task: Task = { id: spec.id, roomName: spec.roomName, state: "pending", createdAtMs: this.#clock.now() };
    this.#active += 1;
    this.#entries.set(spec.id, { task, timer: this.#clock.schedule(spec.startMs, () => this.#run(spec)) });
    this.#trim();
    return task;
  }

  /** Ends a session on request. Returns false if it does not exist. */
  stop(id: string): boolean {
    return this.#end(id, { state: "cancelled" });
  }

  /** The worker dies. Returns every session that has not ended, as failed. */
  kill(error: string): readonly Task[] {
    const killed: Task[] = [];
    for (const entry of this.#entries.values()) {
      entry.timer.cancel();
      if (!isActive(entry.task)) continue;
      entry.task = { ...entry.task, state: "failed", error, completedAtMs: this.#clock.now() };
      killed.push(entry.task);
    }
    this.#active = 0;
    return killed;
  }

  #run(spec: TaskSpec): void {
    const entry = this.#entries.get(spec.id);
    if (entry === undefined) return;
    entry.task = { ...entry.task, state: "running", runningAtMs: this.#clock.now() };
    entry.timer = this.#clock.schedule(spec.lengthMs, () => this.#end(spec.id, { state: "completed" }));
    spec.onRunning();
  }

  #end(id: string, end: { readonly state: "completed" | "cancelled" }): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || !isActive(entry.task)) return false;
    entry.timer.cancel();
    entry.task = { ...entry.task, ...end, completedAtMs: this.#clock.now() };
    entry.timer = this.#clock.schedule(this.#limits.taskRetentionMs, () => this.#entries.delete(id));
    this.#active -= 1;
    this.#onEnd(entry.task);
    return true;
  }

  /** Removes the oldest ended sessions beyond the history's limit. */
  #trim(): void {
    let excess = this.#entries.size - this.#active - this.#limits.maxTaskHistory;
    for (const [id, { task, timer }] of this.#entries) {
      if (excess <= 0) return;
      if (isActive(task)) continue;
      timer.cancel();
      this.#entries.delete(id);
      excess -= 1;
    }
  }
}

function isActive(task: Task): boolean {
  return task.state === "pending" || task.state === "running";
}
