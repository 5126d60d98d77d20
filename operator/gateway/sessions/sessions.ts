import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import { launchApiOf } from "../../engines/index.ts";
import { FIRST_FRAME, type GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import type { WorkerAccess } from "../../workers/client.ts";
import type { Worker } from "../workers/worker.ts";
import { AbandonedSessionReaper } from "./abandoned-session-reaper.ts";
import { BulkPoller } from "./bulk-poller.ts";
import { LaunchedSessions } from "./launched-sessions.ts";
import { endReplaced } from "./replaced.ts";
import type { RoomEvent } from "./room-event.ts";
import type { RoomView } from "./room-view.ts";
import { isLive, type Launched, roomKey, type Session, SessionBook } from "./session-book.ts";
import { SessionPoller } from "./session-poller.ts";
import { SessionUsage, type SessionUsageDeps } from "./session-usage.ts";
import { stopTask } from "./stop-task.ts";

const ROUND_MS = 1_000;
/** A video track that is published later than this after the launch does not count as a start-up. */
const TRACK_LIMIT_MS = 120_000;

/** Input of the log. Names of rooms are chosen by clients. */
export type SessionEvent =
  | { readonly kind: "lost"; readonly session: Session }
  | { readonly kind: "abandoned"; readonly session: Session; readonly reclaimedMs: number }
  | { readonly kind: "abandoned-not-stopped"; readonly session: Session }
  | { readonly kind: "replaced"; readonly session: Session }
  | { readonly kind: "replaced-not-stopped"; readonly session: Session };

export interface SessionsDeps extends WorkerAccess {
  readonly metrics: GatewayMetrics;
  readonly findPool: (key: string) => PoolConfig | undefined;
  readonly workersOf: (key: string) => Iterable<Worker>;
  /** Asks a worker at once how many sessions it has. */
  readonly probeNow: (worker: Worker) => void;
  readonly onRecounted: (worker: Worker) => void;
  /** Lists the participants of a room; undefined if workers end abandoned sessions by their own timeout. */
  readonly viewRoom?: ((pool: PoolConfig, room: string, agent?: string) => Promise<RoomView>) | undefined;
  /** Counts sessions and their started minutes. */
  readonly used: SessionUsageDeps["used"];
  /** The gateway ended an abandoned session, this long before the worker would have. */
  readonly reclaimed: (pool: string, reclaimedMs: number) => void;
  readonly onEvent?: ((news: SessionEvent) => void) | undefined;
}

export interface Found {
  /** Live sessions, and sessions that ended in the last ten minutes. */
  readonly sessions: readonly Session[];
  /** Whether every ready worker answered. If not, there may be more sessions. */
  readonly complete: boolean;
  /** Jobs on workers to which LiveKit dispatches them. They are only counted. */
  readonly jobs?: number;
}

/** The sessions of all pools: recorded at launch or listed by workers, and ended on request or after their agent has left. */
export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #book: SessionBook;
  readonly #poller: SessionPoller;
  readonly #bulkPoller: BulkPoller;
  readonly #reaper: AbandonedSessionReaper | undefined;
  readonly #usage: SessionUsage;
  readonly #launched = new LaunchedSessions();
  /** Workers that had sessions in the last round. */
  readonly #busy = new Set<Worker>();
  readonly #published = new WeakSet<Session>();
  #timer: { cancel(): void } | undefined;
  #stopped = false;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    const { clock, client, findPool, viewRoom } = deps;
    const usage = new SessionUsage(deps);
    this.#usage = usage;
    this.#book = new SessionBook(clock, {
      onStarted: (session) => {
        usage.seen(session);
        this.#launched.add(session);
        this.#reaper?.started(session);
      },
      onListed: (session, requestedMs) => usage.live(session, requestedMs),
      onEnded: (session) => {
        usage.ended(session);
        this.#launched.remove(session);
        this.#ended(session);
      },
    });
    this.#poller = new SessionPoller({ clock, client, book: this.#book, onRecounted: deps.onRecounted });
    this.#bulkPoller = new BulkPoller({ clock, poller: this.#poller, workersOf: deps.workersOf });
    this.#reaper =
      viewRoom && new AbandonedSessionReaper({ clock, findPool, viewRoom, end: (...args) => this.#endAbandoned(...args) });
  }

  began(worker: Worker, task: { readonly taskId: string; readonly room: string }, launched: Launched): Session {
    const session = this.#book.started(worker, task, launched);
    this.#usage.launched(session);
    this.#launched.add(session);
    this.#follow(worker);
    return session;
  }

  /** The same for a worker that sent no task id. */
  beganUnnamed(worker: Worker): void {
    this.#usage.launchedOn(worker);
  }

  /** The known live sessions of a room, without a poll. */
  liveIn(pool: string, room: string): readonly Session[] {
    return this.#book.inRoom(pool, room).filter(isLive);
  }

  /** The live sessions of a pool that this gateway launched, by preset; `""` stands for custom face images. */
  launchedIn(pool: string): Readonly<Record<string, number>> {
    return this.#launched.of(pool);
  }

  /** Whether a task of a room is known to belong to another launch. */
  isOther(worker: Worker, taskId: string, room: string, launch: string): boolean {
    const launched = this.#book.find(worker, taskId, room)?.launched;
    return launched !== undefined && launched.launch !== launch;
  }

  hasEnded(worker: Worker, taskId: string, room: string): boolean {
    const session = this.#book.find(worker, taskId, room);
    return session !== undefined && !isLive(session);
  }

  /** Polls a worker for its sessions. Never throws. */
  async poll(worker: Worker): Promise<void> {
    await this.#poller.poll(worker);
  }

  /** A probe changed a worker. */
  workerChanged(worker: Worker): void {
    this.#poller.changed(worker);
    if (worker.reservations.sessions > 0) this.#follow(worker);
  }

  workerGone(worker: Worker): void {
    this.#poller.gone(worker);
    this.#busy.delete(worker);
  }

  /** Polls the workers of a pool. @returns its live sessions, and those that were lost in the last ten minutes. */
  async inPool(pool: PoolConfig): Promise<Found> {
    const key = poolKey(pool);
    const complete = await this.#bulkPoller.pool(key);
    const workers = [...this.#deps.workersOf(key)];
    const live = workers.flatMap((worker) => this.#book.on(worker));
    const agents = workers.filter(({ record }) => record.engine.jobs !== undefined);
    const jobs = agents.reduce((sum, { reservations }) => sum + reservations.sessions, 0);
    return { sessions: [...live, ...this.#book.lostOf(key)], complete, ...(agents.length > 0 && { jobs }) };
  }

  /** Polls the workers of a room's sessions; all workers of the pool if no session is known. */
  async inRoom(pool: PoolConfig, room: string): Promise<Found> {
    const key = poolKey(pool);
    const known = this.liveIn(key, room);
    const complete =
      known.length > 0 ? await this.#bulkPoller.workers(known.map(({ worker }) => worker)) : await this.#bulkPoller.pool(key);
    return { sessions: this.#book.inRoom(key, room), complete };
  }

  /** Ends every live session of a room. @returns the sessions that were live; a session that its worker did not end is still live. */
  async end(pool: PoolConfig, room: string): Promise<Found> {
    const { complete } = await this.inRoom(pool, room);
    const live = this.liveIn(poolKey(pool), room);
    await Promise.all(live.map((session) => this.#stop(session)));
    return { sessions: live, complete };
  }

  onRoomEvent(pool: PoolConfig, event: RoomEvent): void {
    const key = roomKey({ pool: poolKey(pool), room: event.room });
    const live = this.liveIn(poolKey(pool), event.room);
    switch (event.kind) {
      case "left":
      case "finished":
        this.#reaper?.left(key, live, event.kind === "finished");
        return;
      case "avatar-joined":
        for (const session of live) this.#reaper?.joined(session);
        return;
      case "video":
        for (const session of live) this.#publishes(pool, session, event.identity);
        return;
    }
  }

  /**
   * Ends a session that a newer session replaces, or will replace, in its room.
   * @param settled no retry starts after it aborts.
   * @returns whether the session has ended; if not, the stop request is retried a few times.
   */
  endReplaced(session: Session, settled?: AbortSignal): Promise<boolean> {
    return endReplaced({ ...this.#deps, stop: (each) => this.#stop(each) }, session, settled);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #follow(worker: Worker): void {
    this.#busy.add(worker);
    if (!this.#stopped) this.#timer ??= this.#deps.clock.schedule(ROUND_MS, () => this.#round());
  }

  /** Runs every second while there are sessions. */
  #round(): void {
    for (const worker of this.#busy) {
      if (worker.reservations.sessions === 0 && this.#book.countOn(worker) === 0) this.#busy.delete(worker);
    }
    // Not awaited: a worker or a LiveKit server that does not answer must not delay the others.
    void this.#poller.round(this.#busy);
    void this.#reaper?.round(this.#book.live());
    this.#timer = this.#busy.size === 0 ? undefined : this.#deps.clock.schedule(ROUND_MS, () => this.#round());
  }

  async #stop(session: Session): Promise<boolean> {
    const done = await stopTask(this.#deps, session);
    if (done) this.#book.stopped(session);
    this.#deps.probeNow(session.worker);
    return done;
  }

  async #endAbandoned(session: Session, emptyMs: number): Promise<void> {
    const { metrics, onEvent, reclaimed } = this.#deps;
    // The session may have ended since, or another gateway may have ended it.
    await this.#poller.poll(session.worker);
    if (!isLive(session)) return;
    if (!(await this.#stop(session))) return onEvent?.({ kind: "abandoned-not-stopped", session });
    const reclaimedMs = Math.max(0, launchApiOf(session.worker.record.engine).idleTimeoutMs - emptyMs);
    metrics.abandonedSessions.inc(labelsOf(session));
    metrics.reclaimedSlotSeconds.inc(labelsOf(session), reclaimedMs / 1_000);
    reclaimed(session.pool, reclaimedMs);
    onEvent?.({ kind: "abandoned", session, reclaimedMs });
  }

  #ended(session: Session): void {
    const { metrics, onEvent } = this.#deps;
    // Every gateway sees the end; only the gateway that has the worker in its share counts it.
    if (session.worker.own) metrics.sessionsEnded.inc({ ...labelsOf(session), outcome: session.state });
    if (session.state === "lost") onEvent?.({ kind: "lost", session });
  }

  #publishes(pool: PoolConfig, session: Session, identity: string): void {
    const { launched } = session;
    if (launched === undefined || launched.identity !== identity || this.#published.has(session)) return;
    this.#published.add(session);
    this.#reaper?.joined(session);
    const nowMs = this.#deps.clock.now();
    const tookMs = nowMs - launched.arrivedMs;
    if (tookMs > TRACK_LIMIT_MS) return;
    const { traceId, span } = launched.trace;
    const { metrics } = this.#deps;
    const labels = { namespace: pool.namespace, pool: pool.name };
    metrics.trackPublishedSeconds.observeLaunch({ ...labels, path: launched.path }, tookMs / 1_000, traceId);
    const acceptedMs = acceptedAtMs(launched);
    if (acceptedMs === undefined) return;
    metrics.stageSeconds.observeLaunch({ ...labels, stage: FIRST_FRAME }, (nowMs - acceptedMs) / 1_000, traceId);
    span?.add({ name: FIRST_FRAME, startMs: acceptedMs, endMs: nowMs });
  }
}

/** When the worker accepted the launch; undefined if this gateway only found its session. */
function acceptedAtMs({ arrivedMs, stages }: Launched): number | undefined {
  if (stages.length === 0) return undefined;
  const before = stages.filter(({ name }) => name !== "worker");
  return before.reduce((atMs, { ms }) => atMs + ms, arrivedMs);
}

function labelsOf({ worker }: Session): { readonly namespace: string; readonly pool: string } {
  const { namespace, pool } = worker.record;
  return { namespace, pool };
}
