import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { RoomView } from "./room-view.ts";
import { isSameServer } from "./same-server.ts";
import { roomKey, type Session } from "./session-book.ts";

/**
 * Between two looks at the room of a session that nothing is known against. With a grace of 10 s a session ends at most 37 s after
 * its agent left: this wait, the grace, and a round's second for each of the two looks.
 */
const LOOK_EVERY_MS = 25_000;
/** After a room could not be looked at; doubled each time, unless its session is suspected. */
const TRY_AGAIN_MS = 5_000;
/** LiveKit reports who leaves a moment before its list of participants changes: the looks after such a report. */
const HEARD_LOOKS_MS = [500, 2_000, 5_000];
/** Looks that a round begins: a round comes every second. */
const LOOKS_PER_ROUND = 50;
/** Rooms that were heard of and whose session is not known yet; how long they are remembered. */
const MAX_HEARD = 10_000;
const HEARD_MS = 60_000;

export interface AbandonedSessionReaperDeps {
  readonly clock: Clock;
  readonly findPool: (key: string) => PoolConfig | undefined;
  /** @throws when the room cannot be looked at now. */
  readonly lookAt: (pool: PoolConfig, room: string, agent?: string) => Promise<RoomView>;
  /** Ends a session. `emptyMs`: for how long nobody was seen with it. Never throws. */
  readonly end: (session: Session, emptyMs: number) => Promise<void>;
}

/** What is known of a session's room. */
interface RoomWatch {
  nextLookMs: number;
  /** Since when nobody was seen there; undefined while somebody is. */
  emptySinceMs: number | undefined;
  /** Whether the room is one of the pool's LiveKit server: that an empty list of participants means anything. */
  here: boolean;
  /** When somebody was last heard to leave; undefined once the looks that follow have seen the agent. */
  heardMs: number | undefined;
  /** When a look last saw somebody there. */
  seenMs: number;
  /** Looks in a row that failed. */
  failures: number;
  looking: boolean;
}

interface Heard {
  readonly atMs: number;
  readonly finished: boolean;
}

/**
 * Ends sessions whose agent has left: the maker's client does not, and the worker only after ten minutes.
 *
 * Flow: rooms are looked at every 25 s by the gateway in whose share the worker is, and at once by whichever gateway hears that
 * somebody left. Nobody there: a second look when the pool's grace is over; still nobody: the session is ended. The grace begins
 * with the first look that sees nobody, or when somebody was heard to leave, if no look has seen the agent since.
 * Guarantees: no session is ended unless two looks have not seen its agent, the second one when the grace is over. A look that
 * fails ends nothing. A room that is not there counts as empty only when it is known to be one of the pool's server. A session
 * that this gateway launched to another LiveKit server is not judged.
 */
export class AbandonedSessionReaper {
  readonly #deps: AbandonedSessionReaperDeps;
  readonly #watches = new WeakMap<Session, RoomWatch>();
  /** By pool and room, oldest first. */
  readonly #heard: ExpiringMap<string, Heard>;

  constructor(deps: AbandonedSessionReaperDeps) {
    this.#deps = deps;
    this.#heard = new ExpiringMap({ clock: deps.clock, ttlMs: HEARD_MS, max: MAX_HEARD });
  }

  /**
   * Somebody left a room, or it has ended (`finished`).
   * @param sessions those of the room that are live and known.
   */
  heard(key: string, sessions: readonly Session[], finished: boolean): void {
    const atMs = this.#deps.clock.now();
    for (const session of sessions) this.#hear(session, { atMs, finished });
    if (sessions.length === 0) this.#heard.set(key, { atMs, finished });
  }

  /** The avatar of a session was seen in a room of the pool's server. */
  here(session: Session): void {
    this.#watch(session).here = true;
  }

  /** A session became known: its room may have been heard of before. */
  known(session: Session): void {
    const key = roomKey(session);
    const heard = this.#heard.get(key);
    if (heard === undefined) return;
    this.#heard.delete(key);
    // A session that this gateway has launched since is another one.
    if (session.launched === undefined) this.#hear(session, heard);
  }

  /** Looks at those rooms of running sessions that should be looked at now. */
  async round(sessions: Iterable<Session>): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const due: { readonly session: Session; readonly watch: RoomWatch }[] = [];
    const known = [...sessions];
    const inRoom = new Map<string, number>();
    for (const session of known) inRoom.set(roomKey(session), (inRoom.get(roomKey(session)) ?? 0) + 1);
    for (const session of known) {
      // Whose avatar is whose, only the gateways know that launched them.
      if (session.launched === undefined && (inRoom.get(roomKey(session)) ?? 0) > 1) continue;
      if (session.state !== "running" || !this.#mayBeJudged(session)) continue;
      const watch = this.#watch(session);
      if (!session.worker.own && watch.heardMs === undefined) continue;
      if (watch.nextLookMs <= nowMs && !watch.looking) due.push({ session, watch });
    }
    due.sort((a, b) => Number(isSuspect(b.watch)) - Number(isSuspect(a.watch)) || a.watch.nextLookMs - b.watch.nextLookMs);
    await Promise.all(due.slice(0, LOOKS_PER_ROUND).map(({ session, watch }) => this.#look(session, watch)));
  }

  async #look(session: Session, watch: RoomWatch): Promise<void> {
    const { clock, findPool, lookAt, end } = this.#deps;
    const pool = findPool(session.pool);
    if (pool?.livekit === undefined) return;
    const { abandonedAfterMs } = pool.livekit;
    watch.looking = true;
    try {
      const view = await lookAt(pool, session.room, session.launched?.agent);
      watch.here ||= view.avatar;
      watch.failures = 0;
      const nowMs = clock.now();
      if (view.somebody) watch.seenMs = nowMs;
      if (view.somebody || !watch.here) {
        watch.emptySinceMs = undefined;
        this.#planLook(watch, nowMs);
        return;
      }
      watch.emptySinceMs ??= watch.heardMs === undefined ? nowMs : Math.max(watch.heardMs, watch.seenMs);
      watch.nextLookMs = watch.emptySinceMs + abandonedAfterMs;
      if (watch.nextLookMs > nowMs) return;
      await end(session, nowMs - watch.emptySinceMs);
      // Where that came to nothing.
      watch.nextLookMs = nowMs + TRY_AGAIN_MS;
    } catch {
      watch.nextLookMs = clock.now() + (isSuspect(watch) ? TRY_AGAIN_MS : pauseAfter(watch.failures));
      watch.failures += 1;
    } finally {
      watch.looking = false;
    }
  }

  /** Nothing is known against the session: who was heard to leave may have been its agent, or not. */
  #planLook(watch: RoomWatch, nowMs: number): void {
    const { heardMs = Number.NEGATIVE_INFINITY } = watch;
    const afterMs = HEARD_LOOKS_MS.find((eachMs) => heardMs + eachMs > nowMs);
    if (afterMs === undefined) watch.heardMs = undefined;
    watch.nextLookMs = afterMs === undefined ? nowMs + LOOK_EVERY_MS : heardMs + afterMs;
  }

  #hear(session: Session, { atMs, finished }: Heard): void {
    const watch = this.#watch(session);
    watch.here ||= finished;
    watch.heardMs = atMs;
    watch.nextLookMs = Math.min(watch.nextLookMs, atMs + (HEARD_LOOKS_MS[0] ?? 0));
  }

  /** Whether the pool's LiveKit server can know the session's room. */
  #mayBeJudged({ pool, launched }: Session): boolean {
    const livekit = this.#deps.findPool(pool)?.livekit;
    return livekit !== undefined && (launched === undefined || isSameServer(launched.livekitUrl, livekit.url));
  }

  #watch(session: Session): RoomWatch {
    const known = this.#watches.get(session);
    if (known !== undefined) return known;
    const watch: RoomWatch = {
      nextLookMs: session.knownSinceMs + LOOK_EVERY_MS,
      emptySinceMs: undefined,
      here: session.launched !== undefined,
      heardMs: undefined,
      seenMs: Number.NEGATIVE_INFINITY,
      failures: 0,
      looking: false,
    };
    this.#watches.set(session, watch);
    return watch;
  }
}

/** Whose rooms are looked at before those of sessions that nothing is known against. */
function isSuspect({ heardMs, emptySinceMs }: RoomWatch): boolean {
  return heardMs !== undefined || emptySinceMs !== undefined;
}

function pauseAfter(failures: number): number {
  return Math.min(LOOK_EVERY_MS, TRY_AGAIN_MS * 2 ** failures);
}
