import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { WorkerAnswer } from "../../operator/workers/answers.ts";
import { type PostBody, type WorkerClient, WorkerUnreachable } from "../../operator/workers/client.ts";

/** One session, from the worker's acceptance to its end. */
export interface SimSession {
  readonly room: string;
  readonly taskId: string;
  readonly runsAtMs: number;
  readonly endsAtMs: number;
}

/** A worker's process: slots, sessions and how long it takes to be ready. */
export class SimWorker {
  readonly slots: number;
  readonly sessions = new Map<string, SimSession>();
  readonly readyAtMs: number;
  readonly #clock: Clock;

  constructor(clock: Clock, slots: number, coldStartMs: number) {
    this.#clock = clock;
    this.slots = slots;
    this.readyAtMs = clock.now() + coldStartMs;
  }

  get ready(): boolean {
    return this.#clock.now() >= this.readyAtMs;
  }

  /** Sessions that have not ended. */
  get active(): number {
    for (const [id, session] of this.sessions) if (session.endsAtMs <= this.#clock.now()) this.sessions.delete(id);
    return this.sessions.size;
  }
}

const STARTUP_MS = 4_000;

/** The network to the workers, and the workers behind it: what a gateway and the operator reach by HTTP. */
export class SimWorkers implements WorkerClient {
  /** By pod IP. A worker that is not in here refuses connections. */
  readonly byIp = new Map<string, SimWorker>();
  /** Every session that ever began, by room: two for one launch would be a broken promise. */
  readonly started = new Map<string, number>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #sessionMs: () => number;
  #tasks = 0;

  constructor(clock: Clock, random: Random, sessionMs: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#sessionMs = sessionMs;
  }

  async get(origin: string, path: string, _signal: AbortSignal): Promise<WorkerAnswer> {
    await this.#latency();
    const worker = this.#reach(origin);
    const answer = this.#answer(worker, path);
    await this.#latency();
    return answer;
  }

  async post(origin: string, path: string, body: PostBody, _signal: AbortSignal): Promise<WorkerAnswer> {
    await this.#latency();
    const worker = this.#reach(origin);
    const room = new URLSearchParams(Buffer.concat([...body.chunks]).toString()).get("room_name") ?? "";
    const answer = path === "/launch" ? this.#launch(worker, room) : json(200, {});
    await this.#latency();
    return answer;
  }

  #reach(origin: string): SimWorker {
    const worker = this.byIp.get(new URL(origin).hostname);
    if (worker === undefined) {
      throw new WorkerUnreachable("no connection", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
    }
    return worker;
  }

  #answer(worker: SimWorker, path: string): WorkerAnswer {
    if (path === "/health") return json(200, { status: "healthy", active_sessions: worker.active, max_sessions: worker.slots });
    if (path === "/ready") {
      const counts = { active_sessions: worker.active, max_sessions: worker.slots };
      if (!worker.ready) return json(503, { status: "not_ready" });
      return worker.active >= worker.slots
        ? json(503, { status: "at_capacity", ...counts })
        : json(200, { status: "ready", ...counts });
    }
    if (path.startsWith("/tasks/")) {
      const session = worker.sessions.get(path.slice("/tasks/".length));
      if (session === undefined) return json(404, {});
      return json(200, { status: session.runsAtMs <= this.#clock.now() ? "running" : "pending" });
    }
    return json(200, {});
  }

  #launch(worker: SimWorker, room: string): WorkerAnswer {
    if (!worker.ready) return json(503, { status: "not_ready" });
    if (worker.active >= worker.slots) return json(503, { status: "at_capacity" });
    const taskId = `task-${++this.#tasks}`;
    const nowMs = this.#clock.now();
    worker.sessions.set(taskId, { room, taskId, runsAtMs: nowMs + STARTUP_MS, endsAtMs: nowMs + STARTUP_MS + this.#sessionMs() });
    this.started.set(room, (this.started.get(room) ?? 0) + 1);
    return json(200, { status: "pending", task_id: taskId, room_name: room });
  }

  #latency(): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(1 + this.#random() * 15, resolve));
  }
}

function json(status: number, body: object): WorkerAnswer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}
