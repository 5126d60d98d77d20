import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { RoomView } from "./room-view.ts";
import { isSameServer } from "./same-server.ts";
import { roomKey, type Session } from "./session-book.ts";

/**
 * Time between two checks of the room of a session that is not suspected. With a grace period of 10 s, a session ends at most
 * 37 s after its agent left: this interval, the grace period, and one second (a round) for each of the two checks.
 */
const CHECK_EVERY_MS = 25_000;
/** Pause after a failed check. It doubles with each failure, unless the session is suspected. */
const RETRY_MS = 5_000;
/** Checks after a webhook about a departure: LiveKit sends it a moment before its list of participants changes. */
const WEBHOOK_CHECKS_MS = [500, 2_000, 5_000];
/** Checks that one round starts; a round runs every second. */
const CHECKS_PER_ROUND = 50;
/** Limits on the webhooks that are kept for sessions not seen yet: their number, and the time for which they are kept. */
const MAX_WEBHOOKS = 10_000;
const KEEP_WEBHOOK_MS = 60_000;

export interface AbandonedSessionReaperDeps {
  readonly clock: Clock;
  readonly findPool: (key: string) => PoolConfig | undefined;
  /** @throws if the room's participants cannot be listed now. */
  readonly viewRoom: (pool: PoolConfig, room: string, agent?: string) => Promise<RoomView>;
  /** Ends a session. `emptyMs`: time for which its agent was absent. Never throws. */
  readonly end: (session: Session, emptyMs: number) => Promise<void>;
}

/** The checks of one session's room. Times are Unix times in ms. */
class RoomWatch {
  nextCheckMs: number;
  /** Time since which the agent is absent; undefined while it is present. */
  emptySinceMs: number | undefined;
  /** Whether the room is on the pool's LiveKit server. If not, an empty list of participants proves nothing. */
  onServer: boolean;
  /** Time of the last webhook about a departure; undefined after the checks that follow it have seen the agent. */
  leftMs: number | undefined;
  /** Time of the last check that saw the agent. */
  seenMs = Number.NEGATIVE_INFINITY;
  /** Failed checks in a row. */
  failures = 0;
  checking = false;

  constructor({ firstSeenMs, launched }: Session) {
    this.nextCheckMs = firstSeenMs + CHECK_EVERY_MS;
    this.onServer = launched !== undefined;
  }
}

interface EarlyWebhook {
  readonly atMs: number;
  readonly finished: boolean;
}

/**
 * Ends sessions whose agent has left. The maker's client does not end them, and the worker does so only after ten minutes.
 *
 * Flow: the gateway that has the worker in its share checks the room every 25 s. A gateway that receives a webhook about a departure
 * checks it at once. If the agent is absent, a second check follows after the pool's grace period. If the agent is still absent,
 * the session is ended. The grace period starts with the first check that does not see the agent, or with the webhook if no
 * check has seen the agent since.
 * Guarantees: a session is ended only after two checks that did not see its agent, the second one after the grace period. A failed
 * check ends nothing. A missing room counts as empty only if it was seen on the pool's server before. The reaper ignores a session
 * that this gateway launched on another LiveKit server.
 */
export class AbandonedSessionReaper {
  readonly #deps: AbandonedSessionReaperDeps;
  readonly #watches = new WeakMap<Session, RoomWatch>();
  /** Webhooks about rooms without a known session, by {@link roomKey}. */
  readonly #early: ExpiringMap<string, EarlyWebhook>;

  constructor(deps: AbandonedSessionReaperDeps) {
    this.#deps = deps;
    this.#early = new ExpiringMap({ clock: deps.clock, ttlMs: KEEP_WEBHOOK_MS, max: MAX_WEBHOOKS });
  }

  /**
   * A webhook reported that a participant left a room, or that the room has ended (`finished`).
   * @param sessions the live sessions of the room.
   */
  left(key: string, sessions: readonly Session[], finished: boolean): void {
    const atMs = this.#deps.clock.now();
    for (const session of sessions) this.#suspect(session, { atMs, finished });
    if (sessions.length === 0) this.#early.set(key, { atMs, finished });
  }

  /** The avatar of a session was seen in a room of the pool's server. */
  joined(session: Session): void {
    this.#watch(session).onServer = true;
  }

  /** A session was first seen. A webhook about its room may have arrived before. */
  started(session: Session): void {
    const key = roomKey(session);
    const early = this.#early.get(key);
    if (early === undefined) return;
    this.#early.delete(key);
    // The webhook cannot be about a session that this gateway launched after it.
    if (session.launched === undefined) this.#suspect(session, early);
  }

  /** Checks the rooms of running sessions that are due. */
  async round(sessions: Iterable<Session>): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const due: { readonly session: Session; readonly watch: RoomWatch }[] = [];
    const known = [...sessions];
    const inRoom = new Map<string, number>();
    for (const session of known) inRoom.set(roomKey(session), (inRoom.get(roomKey(session)) ?? 0) + 1);
    for (const session of known) {
      // Only the gateways that launched the sessions of a room can match its avatars to them.
      if (session.launched === undefined && (inRoom.get(roomKey(session)) ?? 0) > 1) continue;
      if (session.state !== "running" || !this.#isOnPoolServer(session)) continue;
      const watch = this.#watch(session);
      if (!session.worker.own && watch.leftMs === undefined) continue;
      if (watch.nextCheckMs <= nowMs && !watch.checking) due.push({ session, watch });
    }
    due.sort((a, b) => Number(isSuspect(b.watch)) - Number(isSuspect(a.watch)) || a.watch.nextCheckMs - b.watch.nextCheckMs);
    await Promise.all(due.slice(0, CHECKS_PER_ROUND).map(({ session, watch }) => this.#check(session, watch)));
  }

  async #check(session: Session, watch: RoomWatch): Promise<void> {
    const { clock, findPool, viewRoom, end } = this.#deps;
    const pool = findPool(session.pool);
    if (pool?.livekit === undefined) return;
    const { abandonedAfterMs } = pool.livekit;
    watch.checking = true;
    try {
      const view = await viewRoom(pool, session.room, session.launched?.agent);
      watch.onServer ||= view.avatar;
      watch.failures = 0;
      const nowMs = clock.now();
      if (view.principal) watch.seenMs = nowMs;
      if (view.principal || !watch.onServer) {
        watch.emptySinceMs = undefined;
        return this.#planCheck(watch, nowMs);
      }
      watch.emptySinceMs ??= watch.leftMs === undefined ? nowMs : Math.max(watch.leftMs, watch.seenMs);
      watch.nextCheckMs = watch.emptySinceMs + abandonedAfterMs;
      if (watch.nextCheckMs > nowMs) return;
      await end(session, nowMs - watch.emptySinceMs);
      // The next check if the worker did not end the session.
      watch.nextCheckMs = nowMs + RETRY_MS;
    } catch {
      const pauseMs = isSuspect(watch) ? RETRY_MS : Math.min(CHECK_EVERY_MS, RETRY_MS * 2 ** watch.failures);
      watch.nextCheckMs = clock.now() + pauseMs;
      watch.failures += 1;
    } finally {
      watch.checking = false;
    }
  }

  /** Plans the next check of a session whose agent is present or may be: a departed participant need not be the agent. */
  #planCheck(watch: RoomWatch, nowMs: number): void {
    const { leftMs = Number.NEGATIVE_INFINITY } = watch;
    const afterMs = WEBHOOK_CHECKS_MS.find((eachMs) => leftMs + eachMs > nowMs);
    if (afterMs === undefined) watch.leftMs = undefined;
    watch.nextCheckMs = afterMs === undefined ? nowMs + CHECK_EVERY_MS : leftMs + afterMs;
  }

  #suspect(session: Session, { atMs, finished }: EarlyWebhook): void {
    const watch = this.#watch(session);
    watch.onServer ||= finished;
    watch.leftMs = atMs;
    watch.nextCheckMs = Math.min(watch.nextCheckMs, atMs + (WEBHOOK_CHECKS_MS[0] ?? 0));
  }

  /** Whether the session's room may be on the pool's LiveKit server. */
  #isOnPoolServer({ pool, launched }: Session): boolean {
    const livekit = this.#deps.findPool(pool)?.livekit;
    return livekit !== undefined && (launched === undefined || isSameServer(launched.livekitUrl, livekit.url));
  }

  #watch(session: Session): RoomWatch {
    const watch = this.#watches.get(session) ?? new RoomWatch(session);
    this.#watches.set(session, watch);
    return watch;
  }
}

/** Whether the session's room is checked before the rooms of other sessions. */
function isSuspect({ leftMs, emptySinceMs }: RoomWatch): boolean {
  return leftMs !== undefined || emptySinceMs !== undefined;
}
