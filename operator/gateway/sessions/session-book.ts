import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { ListedTask } from "../../workers/answers.ts";
import type { Worker } from "../workers/worker.ts";
import { poolOf } from "../workers/worker-table.ts";
import type { LaunchPath } from "./launch-path.ts";

/** What a worker says of a session; or `lost`: its worker died with it. */
export type SessionState = ListedTask["state"] | "lost";

/** What is known of a session because its launch was served here. */
export interface Launched {
  /** Unix time in ms of the launch. */
  readonly arrivedMs: number;
  readonly path: LaunchPath;
  readonly preset: string | undefined;
  readonly livekitUrl: string;
  /** With which the avatar joins the room; undefined where its token does not say. */
  readonly identity: string | undefined;
  /** Identity of the agent whose avatar it is; undefined where the token does not say. */
  readonly agent: string | undefined;
  /** What makes two requests the same launch. */
  readonly launch: string;
  /** The participant of the room that it is; see `LaunchKeys`. */
  readonly seat: string | undefined;
  /** Its place among the launches of its room: the higher, the later. */
  readonly ticket: number;
}

/** A session as this gateway knows it. */
export interface Session {
  /** Key of its pool. */
  readonly pool: string;
  readonly room: string;
  readonly taskId: string;
  readonly worker: Worker;
  /** Unix time in ms since when this gateway knows of it. */
  readonly knownSinceMs: number;
  /** Absent for sessions that another gateway has launched. */
  launched: Launched | undefined;
  state: SessionState;
}

/** Who hears of every session once when it becomes known, and once when it is found to have ended. */
export interface SessionListener {
  readonly onBegan: (session: Session) => void;
  readonly onEnded: (session: Session) => void;
}

/** How long a session is remembered that has ended, and how many of them are. */
const REMEMBER_ENDED_MS = 600_000;
const MAX_ENDED = 5_000;
/** A worker that was told to end a session may list it still for so long. */
const STOPPING_MS = 10_000;
/** A worker that lists more live sessions than this is not believed. */
const MAX_LIVE_PER_WORKER = 256;

export function isLive({ state }: Pick<Session, "state">): boolean {
  return state === "pending" || state === "running";
}

/**
 * The sessions of all workers, as far as this gateway has heard of them: by its own launches, and by what workers list.
 * Bookkeeping only: whoever asks the workers hands their answers in. Those that have ended are kept for ten minutes.
 */
export class SessionBook {
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  /** Live ones, by worker and task. */
  readonly #live = new Map<string, Map<string, Session>>();
  /** Live and ended ones, by {@link roomKey}. */
  readonly #byRoom = new Map<string, readonly Session[]>();
  /** With the time of their end, oldest first. */
  readonly #ended: ExpiringMap<Session, number>;

  constructor(clock: Clock, listener: SessionListener) {
    this.#clock = clock;
    this.#listener = listener;
    const onExpired = (session: Session) => this.#leaveRoom(session);
    this.#ended = new ExpiringMap({ clock, ttlMs: REMEMBER_ENDED_MS, max: MAX_ENDED, onExpired });
  }

  /** A launch was served. Its worker may have listed the session already. */
  began(worker: Worker, { taskId, room }: { readonly taskId: string; readonly room: string }, launched: Launched): Session {
    const pool = poolOf(worker.record);
    const known = this.find(worker, taskId, room);
    if (known !== undefined) known.launched = launched;
    return known ?? this.#add({ pool, room, taskId, worker, knownSinceMs: this.#clock.now(), launched, state: "pending" });
  }

  /**
   * Takes over a worker's list of tasks.
   * @param askedMs when it was asked for: the list says nothing of sessions that began later.
   * @param restarted whether the worker may have been started anew since its last list: what it no longer knows is lost.
   */
  listed(worker: Worker, tasks: readonly ListedTask[], { askedMs, restarted }: { askedMs: number; restarted: boolean }): void {
    const listed = new Map(tasks.map((task) => [task.taskId, task]));
    for (const session of this.on(worker)) {
      const state = listed.get(session.taskId)?.state;
      if (state !== undefined) this.#become(session, state);
      else if (session.knownSinceMs < askedMs) this.#become(session, restarted ? "lost" : "completed");
    }
    for (const task of tasks.filter(isLive)) this.#found(worker, task);
  }

  /** A worker died, and its sessions with it. */
  lost(worker: Worker): void {
    for (const session of this.on(worker)) this.#become(session, "lost");
  }

  /** A session was stopped, whatever its worker says of it later. */
  stopped(session: Session): void {
    if (isLive(session)) this.#become(session, "cancelled");
  }

  /** A session of a room, live or ended. */
  find(worker: Worker, taskId: string, room: string): Session | undefined {
    return this.inRoom(poolOf(worker.record), room).find((session) => session.worker === worker && session.taskId === taskId);
  }

  /** Live sessions of a worker. */
  on(worker: Worker): readonly Session[] {
    return [...(this.#live.get(worker.uid)?.values() ?? [])];
  }

  /** How many live sessions of a worker are known. */
  countOn(worker: Worker): number {
    return this.#live.get(worker.uid)?.size ?? 0;
  }

  /** Every live session. */
  *live(): Iterable<Session> {
    for (const sessions of this.#live.values()) yield* sessions.values();
  }

  /** Sessions of a room, live and ended, in the order in which they became known. */
  inRoom(pool: string, room: string): readonly Session[] {
    this.#ended.removeExpired();
    return this.#byRoom.get(roomKey({ pool, room })) ?? [];
  }

  /** Sessions of a pool that were lost of late. */
  lostOf(pool: string): readonly Session[] {
    return [...this.#ended.keys()].filter((session) => session.pool === pool && session.state === "lost");
  }

  #found(worker: Worker, { taskId, roomName: room, state }: ListedTask): void {
    const pool = poolOf(worker.record);
    if (this.#live.get(worker.uid)?.has(taskId) || this.countOn(worker) >= MAX_LIVE_PER_WORKER) return;
    // One that was taken for ended lives after all.
    const before = this.find(worker, taskId, room);
    if (before !== undefined && before.state === "cancelled" && this.#endedAgoMs(before) < STOPPING_MS) return;
    if (before !== undefined) {
      this.#ended.delete(before);
      this.#leaveRoom(before);
    }
    this.#add({ pool, room, taskId, worker, knownSinceMs: this.#clock.now(), launched: before?.launched, state });
  }

  #add(session: Session): Session {
    const { worker, taskId } = session;
    const sessions = this.#live.get(worker.uid) ?? new Map<string, Session>();
    this.#live.set(worker.uid, sessions.set(taskId, session));
    const key = roomKey(session);
    this.#byRoom.set(key, [...(this.#byRoom.get(key) ?? []), session]);
    this.#listener.onBegan(session);
    return session;
  }

  #become(session: Session, state: SessionState): void {
    session.state = state;
    if (isLive(session)) return;
    const { worker, taskId } = session;
    const sessions = this.#live.get(worker.uid);
    sessions?.delete(taskId);
    if (sessions?.size === 0) this.#live.delete(worker.uid);
    this.#ended.set(session, this.#clock.now());
    this.#listener.onEnded(session);
  }

  #endedAgoMs(session: Session): number {
    return this.#clock.now() - (this.#ended.get(session) ?? Number.NEGATIVE_INFINITY);
  }

  #leaveRoom(session: Session): void {
    const key = roomKey(session);
    const others = this.#byRoom.get(key)?.filter((other) => other !== session) ?? [];
    if (others.length === 0) this.#byRoom.delete(key);
    else this.#byRoom.set(key, others);
  }
}

/** Neither a namespace nor a pool's name has a space. */
export function roomKey({ pool, room }: Pick<Session, "pool" | "room">): string {
  return `${pool} ${room}`;
}
