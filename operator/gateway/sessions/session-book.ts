import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { LaunchSpan } from "../../telemetry/tracing.ts";
import type { ListedTask } from "../../workers/answers.ts";
import type { Worker } from "../workers/worker.ts";
import { poolOf } from "../workers/worker-table.ts";
import type { LaunchPath } from "./launch-path.ts";
import type { LaunchStage } from "./launch-stage.ts";

/** The state that the worker reports, or `lost`: the worker died while the session ran. */
export type SessionState = ListedTask["state"] | "lost";

/** Facts of a session that only the gateway that served its launch has. */
export interface Launched {
  /** Unix time in ms at which the launch arrived. */
  readonly arrivedMs: number;
  readonly path: LaunchPath;
  readonly preset: string | undefined;
  readonly livekitUrl: string;
  /** Identity with which the avatar joins the room; undefined if its token has none. */
  readonly identity: string | undefined;
  /** Identity of the agent that the avatar works for; undefined if the token names none. */
  readonly agent: string | undefined;
  /** Key of the launch: requests with the same key are one launch. */
  readonly launch: string;
  /** Key of the participant that the avatar is in the room; see `LaunchKeys`. */
  readonly seat: string | undefined;
  /** Order of the launches of a room: a later launch has a higher ticket. */
  readonly ticket: number;
  readonly trace: { readonly traceId?: string | undefined; readonly span?: LaunchSpan | undefined };
  /** The stages of the start-up so far, in order. */
  readonly stages: LaunchStage[];
}

export interface Session {
  readonly pool: string;
  readonly room: string;
  readonly taskId: string;
  readonly worker: Worker;
  /** Unix time in ms at which this gateway first saw the session. */
  readonly firstSeenMs: number;
  /** Undefined for sessions that another gateway launched. */
  launched: Launched | undefined;
  state: SessionState;
  /** Unix time in ms at which the worker began the session, by its own clock; undefined if it does not report it. */
  readonly createdMs: number | undefined;
  /** Length of an ended session; undefined if it is unknown. */
  durationMs: number | undefined;
  /** Started minutes that this gateway or another one has counted. */
  minutes: number;
}

/** `onStarted` is called once when a session is first seen, and `onEnded` once when it is found to have ended. */
export interface SessionListener {
  readonly onStarted: (session: Session) => void;
  /** Called for each live session in a worker's list, with the time of the request. */
  readonly onListed: (session: Session, requestedMs: number) => void;
  readonly onEnded: (session: Session) => void;
}

/** Time for which ended sessions are kept, and the limit on their number. */
const KEEP_ENDED_MS = 600_000;
const MAX_ENDED = 5_000;
/** Time for which a worker may still list a session after it accepted a stop request. */
const STOPPING_MS = 10_000;
/** Limit on the live sessions of one worker. Further sessions that it lists are ignored. */
const MAX_LIVE_PER_WORKER = 256;

export function isLive({ state }: Pick<Session, "state">): boolean {
  return state === "pending" || state === "running";
}

/**
 * The sessions of all workers that this gateway has launched or that workers have listed. The book does no I/O: callers pass in
 * the workers' answers. Ended sessions are kept for ten minutes.
 */
export class SessionBook {
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  /** Live sessions, by UID of the worker and task. */
  readonly #live = new Map<string, Map<string, Session>>();
  /** Live and ended sessions, by {@link roomKey}. */
  readonly #byRoom = new Map<string, readonly Session[]>();
  /** Ended sessions with the time of their end, oldest first. */
  readonly #ended: ExpiringMap<Session, number>;

  constructor(clock: Clock, listener: SessionListener) {
    this.#clock = clock;
    this.#listener = listener;
    const onExpired = (session: Session) => this.#leaveRoom(session);
    this.#ended = new ExpiringMap({ clock, ttlMs: KEEP_ENDED_MS, max: MAX_ENDED, onExpired });
  }

  /** A launch was served. The worker may have listed the session already. */
  started(worker: Worker, { taskId, room }: { readonly taskId: string; readonly room: string }, launched: Launched): Session {
    const known = this.find(worker, taskId, room);
    if (known !== undefined) known.launched = launched;
    return known ?? this.#add({ ...this.#unseen(worker, taskId, room), launched, state: "pending" });
  }

  /**
   * Takes over a worker's list of tasks.
   * @param requestedMs time of the request: the list may miss sessions that started later.
   * @param restarted whether the worker may have restarted since its last list: sessions that it no longer lists are lost.
   */
  listed(
    worker: Worker,
    tasks: readonly ListedTask[],
    { requestedMs, restarted }: { requestedMs: number; restarted: boolean },
  ): void {
    const listed = new Map(tasks.map((task) => [task.taskId, task]));
    for (const session of this.on(worker)) {
      const task = listed.get(session.taskId);
      if (task !== undefined) {
        session.durationMs = durationOf(task);
        this.#become(session, task.state);
        if (isLive(session)) this.#listener.onListed(session, requestedMs);
      } else if (session.firstSeenMs < requestedMs) this.#become(session, restarted ? "lost" : "completed");
    }
    for (const task of tasks.filter(isLive)) this.#found(worker, task);
  }

  /** A worker died: its sessions are lost. */
  lost(worker: Worker): void {
    for (const session of this.on(worker)) this.#become(session, "lost");
  }

  /** The worker accepted a stop request. The session counts as ended, even if the worker still lists it. */
  stopped(session: Session): void {
    if (!isLive(session)) return;
    session.durationMs = this.#clock.now() - (session.createdMs ?? session.firstSeenMs);
    this.#become(session, "cancelled");
  }

  /** A session of a room, live or ended. */
  find(worker: Worker, taskId: string, room: string): Session | undefined {
    return this.inRoom(poolOf(worker.record), room).find((session) => session.worker === worker && session.taskId === taskId);
  }

  /** The live sessions of a worker. */
  on(worker: Worker): readonly Session[] {
    return [...(this.#live.get(worker.uid)?.values() ?? [])];
  }

  countOn(worker: Worker): number {
    return this.#live.get(worker.uid)?.size ?? 0;
  }

  *live(): Iterable<Session> {
    for (const sessions of this.#live.values()) yield* sessions.values();
  }

  /** The live and ended sessions of a room, in the order in which they were first seen. */
  inRoom(pool: string, room: string): readonly Session[] {
    this.#ended.removeExpired();
    return this.#byRoom.get(roomKey({ pool, room })) ?? [];
  }

  /** The sessions of a pool that were lost in the last ten minutes. */
  lostOf(pool: string): readonly Session[] {
    return [...this.#ended.keys()].filter((session) => session.pool === pool && session.state === "lost");
  }

  #found(worker: Worker, { taskId, roomName: room, state, createdMs }: ListedTask): void {
    if (this.#live.get(worker.uid)?.has(taskId) || this.countOn(worker) >= MAX_LIVE_PER_WORKER) return;
    // A session that was found ended may still run.
    const before = this.find(worker, taskId, room);
    if (before !== undefined && before.state === "cancelled" && this.#endedAgoMs(before) < STOPPING_MS) return;
    if (before !== undefined) {
      this.#ended.delete(before);
      this.#leaveRoom(before);
    }
    const unseen = { ...this.#unseen(worker, taskId, room), createdMs };
    const { launched, firstSeenMs, minutes } = before ?? { ...unseen, launched: undefined };
    this.#add({ ...unseen, state, launched, firstSeenMs, minutes });
  }

  #unseen(worker: Worker, taskId: string, room: string) {
    const firstSeenMs = this.#clock.now();
    return {
      pool: poolOf(worker.record),
      room,
      taskId,
      worker,
      firstSeenMs,
      createdMs: undefined,
      durationMs: undefined,
      minutes: 0,
    };
  }

  #add(session: Session): Session {
    const { worker, taskId } = session;
    const sessions = this.#live.get(worker.uid) ?? new Map<string, Session>();
    this.#live.set(worker.uid, sessions.set(taskId, session));
    const key = roomKey(session);
    this.#byRoom.set(key, [...(this.#byRoom.get(key) ?? []), session]);
    this.#listener.onStarted(session);
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

function durationOf({ createdMs, completedMs }: ListedTask): number | undefined {
  return createdMs === undefined || completedMs === undefined ? undefined : Math.max(0, completedMs - createdMs);
}

/** Key of a room. The space is unambiguous: names of namespaces and pools have none. */
export function roomKey({ pool, room }: Pick<Session, "pool" | "room">): string {
  return `${pool} ${room}`;
}
