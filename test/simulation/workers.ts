import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { WorkerAnswer } from "../../operator/workers/answers.ts";
import { type PostBody, type WorkerClient, WorkerUnreachable } from "../../operator/workers/client.ts";
import { CONNECT_TIMEOUT_MS } from "../../operator/workers/line.ts";
import type { SimProcess } from "./process.ts";
import { launchOf } from "./room-token.ts";

/** One session, from the worker's acceptance to its end. */
export interface SimSession {
  readonly room: string;
  /** The launch that began it. */
  readonly launch: string;
  readonly beganAtMs: number;
  readonly runsAtMs: number;
  readonly endsAtMs: number;
}

/** A worker's process: slots, sessions, time until it is ready, and faults. */
export class SimWorker {
  readonly slots: number;
  readonly sessions = new Map<string, SimSession>();
  /** Sessions that have ended, as its task list shows them. */
  readonly ended = new Map<string, SimSession>();
  readonly readyAtMs: number;
  /** From then until `hangsUntilMs` it does not respond. */
  hangsSinceMs = 0;
  hangsUntilMs = 0;
  /** Until then it rejects launches although it has slots. */
  refusesUntilMs = 0;
  /** It runs in a pod that is not a member of the pool. A launch to it breaks a promise. */
  stray = false;
  readonly #clock: Clock;

  constructor(clock: Clock, slots: number, coldStartMs: number) {
    this.#clock = clock;
    this.slots = slots;
    this.readyAtMs = clock.now() + coldStartMs;
  }

  get ready(): boolean {
    return this.#clock.now() >= this.readyAtMs;
  }

  get troubled(): boolean {
    return Math.max(this.hangsUntilMs, this.refusesUntilMs) > this.#clock.now();
  }

  hang(forMs: number): void {
    const nowMs = this.#clock.now();
    if (this.hangsUntilMs <= nowMs) this.hangsSinceMs = nowMs;
    this.hangsUntilMs = nowMs + forMs;
  }

  /** Sessions that have not ended. */
  get active(): number {
    for (const [id, session] of this.sessions) if (session.endsAtMs <= this.#clock.now()) this.#end(id, session);
    return this.sessions.size;
  }

  /** Ends a session. @returns whether it was running. */
  stop(id: string): boolean {
    const session = this.active === 0 ? undefined : this.sessions.get(id);
    if (session !== undefined) this.#end(id, { ...session, endsAtMs: this.#clock.now() });
    return session !== undefined;
  }

  #end(id: string, session: SimSession): void {
    this.sessions.delete(id);
    this.ended.set(id, session);
    for (const oldest of this.ended.keys()) if (this.ended.size > MAX_ENDED) this.ended.delete(oldest);
  }
}

const STARTUP_MS = 4_000;
/** Ended sessions in the task list of a worker. */
const MAX_ENDED = 100;

export interface SimWorkersOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Length of the next session. */
  readonly sessionMs: () => number;
  /** A session began. @param stray in a pod that is not a member of the pool. */
  readonly onSession: (session: SimSession, stray: boolean) => void;
  /** A gateway requests a worker to end a session. */
  readonly onStop: (session: SimSession) => void;
  /** A launch is sent to a worker that has not responded for `hungMs`. */
  readonly onHungLaunch: (hungMs: number) => void;
}

/** The network to the workers, and the workers: everything that gateways and the operator reach by HTTP. */
export class SimWorkers {
  /** By pod IP. A missing worker refuses connections, unless its machine does not respond. */
  readonly byIp = new Map<string, SimWorker>();
  /** IPs of pods whose machine does not respond. */
  readonly #silent = new Set<string>();
  /** Launches whose responses are lost. */
  answersToLose = 0;
  readonly #options: SimWorkersOptions;
  #tasks = 0;

  constructor(options: SimWorkersOptions) {
    this.#options = options;
  }

  /** Sessions of a launch that run now. */
  sessionsOf(launch: string): number {
    return this.#live().filter((session) => session.launch === launch).length;
  }

  /** Sessions in a room that run now. */
  inRoom(room: string): readonly SimSession[] {
    return this.#live().filter((session) => session.room === room);
  }

  /** The network as one process reaches it. A dead process sends and receives nothing. */
  client(process: SimProcess): WorkerClient {
    return {
      get: (origin, path, signal) => this.#exchange(process, origin, (worker) => this.#answer(worker, path), false, signal),
      post: (origin, path, body, signal) => {
        if (process.alive) this.#sent(origin, path);
        return this.#exchange(process, origin, (worker) => this.#post(worker, path, body), path === "/launch", signal);
      },
    };
  }

  /** A gateway has decided on a request; it arrives later. */
  #sent(origin: string, path: string): void {
    const worker = this.byIp.get(hostOf(origin));
    const nowMs = this.#options.clock.now();
    if (path === "/launch" && worker !== undefined && worker.hangsUntilMs > nowMs)
      this.#options.onHungLaunch(nowMs - worker.hangsSinceMs);
    const session = worker?.sessions.get(stoppedBy(path) ?? "");
    if (session !== undefined && session.endsAtMs > nowMs) this.#options.onStop(session);
  }

  /** The machine of a pod loses its power. */
  fallSilent(ip: string): void {
    this.byIp.delete(ip);
    this.#silent.add(ip);
  }

  /** Sends a request and waits for the response. Either the request or the response takes all of the time. */
  async #exchange(
    process: SimProcess,
    origin: string,
    act: (worker: SimWorker) => WorkerAnswer,
    losable: boolean,
    signal: AbortSignal,
  ): Promise<WorkerAnswer> {
    if (!process.alive) await forever();
    const { clock, random } = this.#options;
    const first = random() < 0.5;
    if (first) await this.#wait(1 + random() * 25);
    if (this.#silent.has(hostOf(origin))) {
      await Promise.race([this.#wait(CONNECT_TIMEOUT_MS), aborted(signal)]);
      throw new WorkerUnreachable("no connection");
    }
    const worker = this.#reach(origin);
    const answer =
      worker.hangsUntilMs > clock.now() ? await Promise.race([this.#afterHang(origin, worker, act), aborted(signal)]) : act(worker);
    if (!first) await this.#wait(1 + random() * 25);
    await process.asleep;
    if (!process.alive) await forever();
    if (losable && answer.status === 200 && this.answersToLose > 0) {
      this.answersToLose--;
      throw new Error("the connection was reset");
    }
    if (this.#silent.has(hostOf(origin))) await aborted(signal);
    if (this.byIp.get(hostOf(origin)) !== worker) throw new Error("the connection was reset");
    return answer;
  }

  /** A worker that hangs reads its requests later, also those whose client has given up. */
  async #afterHang(origin: string, worker: SimWorker, act: (worker: SimWorker) => WorkerAnswer): Promise<WorkerAnswer> {
    await this.#wait(worker.hangsUntilMs - this.#options.clock.now());
    if (this.byIp.get(hostOf(origin)) !== worker) throw new Error("the connection was reset");
    return act(worker);
  }

  #reach(origin: string): SimWorker {
    const worker = this.byIp.get(hostOf(origin));
    if (worker !== undefined) return worker;
    throw new WorkerUnreachable("no connection", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
  }

  #live(): readonly SimSession[] {
    const live = [...this.byIp.values()].filter(({ active }) => active > 0);
    return live.flatMap(({ sessions }) => [...sessions.values()]);
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
    if (path === "/tasks") {
      const task = (id: string, { room, beganAtMs }: SimSession, status: string, completedMs?: number) => ({
        task_id: id,
        room_name: room,
        status,
        created_at: new Date(beganAtMs).toISOString(),
        completed_at: completedMs === undefined ? null : new Date(completedMs).toISOString(),
      });
      const live = worker.active === 0 ? [] : [...worker.sessions].map(([id, session]) => task(id, session, "running"));
      const ended = [...worker.ended].map(([id, session]) => task(id, session, "completed", session.endsAtMs));
      return json(200, { tasks: [...live, ...ended] });
    }
    if (path.startsWith("/tasks/")) {
      const session = worker.sessions.get(path.slice("/tasks/".length));
      if (session === undefined) return json(404, {});
      return json(200, { status: session.runsAtMs <= this.#options.clock.now() ? "running" : "pending" });
    }
    return json(200, {});
  }

  #post(worker: SimWorker, path: string, body: PostBody): WorkerAnswer {
    const stopped = stoppedBy(path);
    if (stopped !== undefined) return this.#stop(worker, stopped);
    if (path !== "/launch") return json(200, {});
    if (!worker.ready) return json(503, { status: "not_ready" });
    if (worker.active >= worker.slots || worker.refusesUntilMs > this.#options.clock.now())
      return json(503, { status: "at_capacity" });
    const form = new URLSearchParams(Buffer.concat([...body.chunks]).toString());
    const room = form.get("room_name") ?? "";
    const launch = launchOf(form.get("livekit_token") ?? "");
    const taskId = `task-${++this.#tasks}`;
    const beganAtMs = this.#options.clock.now();
    const runsAtMs = beganAtMs + STARTUP_MS;
    const session = { room, launch, beganAtMs, runsAtMs, endsAtMs: runsAtMs + this.#options.sessionMs() };
    worker.sessions.set(taskId, session);
    this.#options.onSession(session, worker.stray);
    return json(200, { status: "pending", task_id: taskId, room_name: room });
  }

  #stop(worker: SimWorker, taskId: string): WorkerAnswer {
    if (!worker.stop(taskId)) return json(404, {});
    return json(200, { task_id: taskId, state: "cancelled" });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.schedule(ms, resolve));
  }
}

function hostOf(origin: string): string {
  return origin.slice("http://".length, origin.lastIndexOf(":"));
}

/** The task that a request ends. */
function stoppedBy(path: string): string | undefined {
  return /^\/tasks\/(.+)\/stop$/.exec(path)?.[1];
}

function json(status: number, body: object): WorkerAnswer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

/** @throws the signal's reason, once it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
