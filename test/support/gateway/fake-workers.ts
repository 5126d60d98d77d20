import { once } from "node:events";
import type { WorkerAnswer } from "../../../operator/workers/answers.ts";
import { type PostBody, type WorkerClient, WorkerUnreachable } from "../../../operator/workers/client.ts";

/** A worker's response to a launch. `full` and `not-ready` are 503s that its ready path has not reported. */
export type LaunchBehaviour =
  | "accept"
  | "full"
  | "not-ready"
  | "refuse-connection"
  | "reset"
  | "lost-answer"
  | "die"
  | "begin-and-hang"
  | "hang"
  | "reject"
  /** The maker's account allows no more sessions. */
  | "account-limit"
  | "garbage";

export interface FakeWorker {
  ready: boolean;
  sessions: number;
  slots: number;
  /** Load of a LiveKit agent. */
  load: number;
  launch: LaunchBehaviour;
  /** It accepts connections and answers nothing. */
  hangs: boolean;
  /** State of the worker's tasks. */
  taskState: string;
  /** Result of a request to stop a session. `later`: the worker reports the end but still lists the session. */
  stop: "ends" | "later" | "fails";
  /** Received launches. */
  readonly received: PostBody[];
  /** Rooms of the listed sessions. */
  readonly rooms: string[];
}

interface FakeTask {
  readonly id: string;
  readonly room: string;
  /** Unix time in ms; undefined if the workers have no clock. */
  readonly createdMs: number | undefined;
}

/** The tasks of one worker. */
interface FakeTasks {
  readonly live: readonly FakeTask[];
  readonly ended: readonly (FakeTask & { readonly completedMs: number })[];
  readonly begun: Map<string, number>;
}

const noTasks = (): FakeTasks => ({ live: [], ended: [], begun: new Map() });

/** Workers without sockets. The host of a worker's origin is `ip-NAME`. */
export class FakeWorkers implements WorkerClient {
  readonly #listeners = new Set<(origin: string) => void>();
  readonly #byName = new Map<string, FakeWorker>();
  readonly #tasks = new WeakMap<FakeWorker, FakeTasks>();
  readonly #clock: { now(): number } | undefined;
  /** Probes sent, by worker. */
  readonly probes = new Map<string, number>();

  /** @param clock with it, workers list ended tasks too, and when each task began and ended. */
  constructor(clock?: { now(): number }) {
    this.#clock = clock;
  }

  add(name: string, state: Partial<FakeWorker> = {}): FakeWorker {
    const worker: FakeWorker = {
      ready: true,
      sessions: 0,
      slots: 2,
      load: 0,
      launch: "accept",
      hangs: false,
      taskState: "running",
      stop: "ends",
      ...state,
      received: [],
      rooms: [],
    };
    this.#byName.set(name, worker);
    return worker;
  }

  all(): readonly FakeWorker[] {
    return [...this.#byName.values()];
  }

  get launches(): number {
    return [...this.#byName.values()].reduce((sum, { received }) => sum + received.length, 0);
  }

  onClosed(listener: (origin: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A worker's process ends. */
  kill(name: string): void {
    this.#byName.delete(name);
    this.close(name);
  }

  /** A worker closes its idle connections. */
  close(name: string): void {
    for (const listener of this.#listeners) listener(`http://ip-${name}:8089`);
  }

  async get(origin: string, path: string, signal?: AbortSignal): Promise<WorkerAnswer> {
    const { name, worker } = this.#at(origin);
    if (worker.hangs && signal !== undefined) await once(signal, "abort");
    signal?.throwIfAborted();
    const tasks = this.#listOf(worker);
    if (path === "/tasks") return json(200, { tasks });
    const task = tasks.find(({ task_id: id }) => path === `/tasks/${id}`);
    if (path.startsWith("/tasks/")) return task === undefined ? json(404, { error: "no such task" }) : json(200, task);
    this.probes.set(name, (this.probes.get(name) ?? 0) + 1);
    if (path === "/worker") return worker.ready ? agentReport(worker) : { status: 500, contentType: "text/plain", body: "" };
    const counts = { active_sessions: worker.sessions, max_sessions: worker.slots };
    if (!worker.ready) return json(503, { status: "not_ready" });
    return worker.sessions >= worker.slots
      ? json(503, { status: "at_capacity", ...counts })
      : json(200, { status: "ready", ...counts });
  }

  async post(origin: string, path: string, body: PostBody): Promise<WorkerAnswer> {
    const { name, worker } = this.#at(origin);
    const stopped = /^\/tasks\/(.+)\/stop$/.exec(path)?.[1];
    if (stopped !== undefined) return this.#end(worker, stopped);
    worker.received.push(body);
    switch (worker.launch) {
      case "accept":
        if (worker.sessions >= worker.slots) return json(503, { status: "at_capacity" });
        begin(worker, body);
        return json(200, { status: "pending", task_id: this.#tasksOf(worker).at(-1)?.id, room_name: worker.rooms.at(-1) });
      case "full":
        return json(503, { status: "at_capacity" });
      case "not-ready":
        return json(503, { status: "not_ready" });
      case "refuse-connection":
        throw refused();
      case "lost-answer":
        begin(worker, body);
        throw new Error("read ECONNRESET");
      case "begin-and-hang":
        begin(worker, body);
        return new Promise<never>(() => {});
      case "die":
        this.#byName.delete(name);
        throw new Error("read ECONNRESET");
      case "reset":
        throw new Error("read ECONNRESET");
      case "hang":
        return new Promise<never>(() => {});
      case "reject":
        return json(400, { error: "no face found" });
      case "account-limit":
        return json(403, { error: "CONCURRENCY_LIMIT_REACHED" });
      case "garbage":
        return { status: 500, contentType: "text/html", body: "<h1>oops</h1>" };
    }
  }

  /** A session ends by itself. */
  end(worker: FakeWorker, room: string): void {
    worker.rooms.splice(worker.rooms.indexOf(room), 1);
    worker.sessions -= 1;
    this.#tasksOf(worker);
  }

  #listOf(worker: FakeWorker) {
    const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
    const body = ({ id, room, createdMs }: FakeTask, state: string, completedMs?: number) => ({
      task_id: id,
      room_name: room,
      state,
      created_at: time(createdMs),
      completed_at: time(completedMs),
    });
    const live = this.#tasksOf(worker).map((task) => body(task, worker.taskState));
    const ended = this.#tasks.get(worker)?.ended ?? [];
    return [...live, ...ended.map((task) => body(task, "completed", task.completedMs))];
  }

  /** The sessions of its rooms: `task-of-ROOM` is the first one there, `task-of-ROOM.2` the next. */
  #tasksOf(worker: FakeWorker): readonly FakeTask[] {
    const { live, ended, begun } = this.#tasks.get(worker) ?? noTasks();
    const left = [...worker.rooms];
    const stay = live.filter(({ room }) => {
      const at = left.indexOf(room);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
    const began = left.map((room) => {
      const count = (begun.get(room) ?? 0) + 1;
      begun.set(room, count);
      return { id: count === 1 ? `task-of-${room}` : `task-of-${room}.${count}`, room, createdMs: this.#clock?.now() };
    });
    const tasks = [...stay, ...began];
    const completedMs = this.#clock?.now();
    const gone = completedMs === undefined ? [] : live.filter((task) => !stay.includes(task));
    this.#tasks.set(worker, {
      live: tasks,
      ended: [...ended, ...gone.map((task) => ({ ...task, completedMs: completedMs ?? 0 }))],
      begun,
    });
    return tasks;
  }

  #end(worker: FakeWorker, id: string): WorkerAnswer {
    const live = this.#tasksOf(worker);
    const task = live.find((each) => each.id === id);
    if (task === undefined) return json(404, { error: "no such task" });
    if (worker.stop === "fails") return json(500, { error: "oops" });
    if (worker.stop === "later") return json(200, { task_id: id, state: "cancelled" });
    const tasks = this.#tasks.get(worker) ?? noTasks();
    this.#tasks.set(worker, { ...tasks, live: live.filter((each) => each !== task) });
    worker.rooms.splice(worker.rooms.indexOf(task.room), 1);
    worker.sessions -= 1;
    return json(200, { task_id: id, state: "cancelled" });
  }

  #at(origin: string): { readonly name: string; readonly worker: FakeWorker } {
    const name = new URL(origin).hostname.slice("ip-".length);
    const worker = this.#byName.get(name);
    if (worker === undefined) throw refused();
    return { name, worker };
  }
}

/** Zeros are missing. */
function agentReport({ sessions, load }: FakeWorker): WorkerAnswer {
  const counts = { ...(sessions > 0 && { active_jobs: sessions }), ...(load > 0 && { worker_load: load }) };
  return json(200, { worker_type: "JT_ROOM", agent_name: "maya", sdk_version: "1.8.9", protocol_version: 1, ...counts });
}

function begin(worker: FakeWorker, body: PostBody): void {
  const room = new URLSearchParams(String(body.chunks[0])).get("room_name") ?? "";
  worker.sessions += 1;
  worker.rooms.push(room);
}

function refused(): WorkerUnreachable {
  return new WorkerUnreachable("no connection", {
    cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
  });
}

function json(status: number, body: unknown): WorkerAnswer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}
