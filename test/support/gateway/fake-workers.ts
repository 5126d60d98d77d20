import type { WorkerAnswer } from "../../../operator/workers/answers.ts";
import { type PostBody, type WorkerClient, WorkerUnreachable } from "../../../operator/workers/client.ts";

/** How a worker takes a launch. `full` and `not-ready` are 503s that its ready path has not told of. */
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
  launch: LaunchBehaviour;
  /** State that its tasks are in. */
  taskState: string;
  /** Launches that it has seen. */
  readonly received: PostBody[];
  /** Rooms of the sessions that it lists. */
  readonly rooms: string[];
}

/** Workers without sockets, found by name: the host of their origin is `ip-NAME`. */
export class FakeWorkers implements WorkerClient {
  readonly #listeners = new Set<(origin: string) => void>();
  readonly #byName = new Map<string, FakeWorker>();
  /** Probes sent, by worker. */
  readonly probes = new Map<string, number>();

  add(name: string, state: Partial<FakeWorker> = {}): FakeWorker {
    const worker: FakeWorker = {
      ready: true,
      sessions: 0,
      slots: 2,
      launch: "accept",
      taskState: "running",
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

  async get(origin: string, path: string): Promise<WorkerAnswer> {
    const { name, worker } = this.#at(origin);
    if (path.startsWith("/tasks/")) return json(200, { task_id: path.slice(7), state: worker.taskState });
    if (path === "/tasks")
      return json(200, {
        tasks: worker.rooms.map((room) => ({ task_id: `task-of-${room}`, room_name: room, state: worker.taskState })),
      });
    this.probes.set(name, (this.probes.get(name) ?? 0) + 1);
    const counts = { active_sessions: worker.sessions, max_sessions: worker.slots };
    if (!worker.ready) return json(503, { status: "not_ready" });
    return worker.sessions >= worker.slots
      ? json(503, { status: "at_capacity", ...counts })
      : json(200, { status: "ready", ...counts });
  }

  async post(origin: string, path: string, body: PostBody): Promise<WorkerAnswer> {
    const { name, worker } = this.#at(origin);
    const stopped = /^\/tasks\/task-of-(.+)\/stop$/.exec(path)?.[1];
    if (stopped !== undefined) return end(worker, stopped);
    worker.received.push(body);
    switch (worker.launch) {
      case "accept":
        if (worker.sessions >= worker.slots) return json(503, { status: "at_capacity" });
        return json(200, { status: "pending", task_id: `task-of-${begin(worker, body)}`, room_name: "room" });
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

  #at(origin: string): { readonly name: string; readonly worker: FakeWorker } {
    const name = new URL(origin).hostname.slice("ip-".length);
    const worker = this.#byName.get(name);
    if (worker === undefined) throw refused();
    return { name, worker };
  }
}

/** @returns the session's room. */
function begin(worker: FakeWorker, body: PostBody): string {
  const room = new URLSearchParams(String(body.chunks[0])).get("room_name") ?? "";
  worker.sessions += 1;
  worker.rooms.push(room);
  return room;
}

function end(worker: FakeWorker, room: string): WorkerAnswer {
  const at = worker.rooms.indexOf(room);
  if (at < 0) return json(404, { error: "no such task" });
  worker.rooms.splice(at, 1);
  worker.sessions -= 1;
  return json(200, { task_id: `task-of-${room}`, state: "cancelled" });
}

function refused(): WorkerUnreachable {
  return new WorkerUnreachable("no connection", {
    cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
  });
}

function json(status: number, body: unknown): WorkerAnswer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}
