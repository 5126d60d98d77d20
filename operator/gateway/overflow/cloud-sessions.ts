import type { Used } from "../../api/load-report.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isSameServer } from "../sessions/same-server.ts";
import { startedMinutes } from "../sessions/session-usage.ts";
import type { SessionsDeps } from "../sessions/sessions.ts";
import type { FindPool } from "../workers/worker-table.ts";
import type { CloudSessionKeys } from "./overflow-launch.ts";

const ROUND_MS = 30_000;
/** Time after which an avatar that is not in the room has not joined, or has left. */
const JOINS_WITHIN_MS = 60_000;
/** Number of rooms that one round checks: first those whose last check is oldest. */
const MAX_LOOKS = 50;

/** A session in the cloud that this gateway has begun, or may have begun. */
interface CloudSession {
  readonly pool: string;
  readonly room: string;
  readonly livekitUrl: string;
  readonly keys: CloudSessionKeys;
  /** The engine that serves its preset in the pool. */
  readonly engine: string;
  readonly sinceMs: number;
  lookedMs: number;
  /** Whether the last check found no avatar. */
  empty: boolean;
  /** Whether any check found the avatar. */
  seen: boolean;
  /** Since when it costs credits; undefined while it is a reservation. */
  chargedMs: number | undefined;
  /** Started minutes that have been counted. */
  minutes: number;
}

/** A session from its reservation on. */
export interface BegunInCloud {
  /** The cloud has accepted the launch, or may have. */
  readonly accepted: () => void;
  /** The session did not begin. */
  readonly release: () => void;
}

export interface CloudSessionsDeps {
  readonly clock: Clock;
  readonly findPool: FindPool;
  readonly viewRoom?: SessionsDeps["viewRoom"];
  /** Called when a pool's count has changed. */
  readonly onChanged: (pool: string) => void;
  /** Counts sessions and their started minutes. */
  readonly used: (pool: string, engine: string, used: Used) => void;
}

/**
 * Counts the sessions in the maker's cloud, which has no API to list them. If the pool names the LiveKit server of a session, the
 * session has ended when two checks of its room find no avatar. Otherwise it counts for `overflow.sessionLength`.
 */
export class CloudSessions {
  readonly #deps: CloudSessionsDeps;
  readonly #sessions = new Set<CloudSession>();
  #timer: { cancel(): void } | undefined;

  constructor(deps: CloudSessionsDeps) {
    this.#deps = deps;
  }

  /** Number of sessions and reservations of a pool. */
  count(pool: string): number {
    let count = 0;
    for (const session of this.#sessions) if (session.pool === pool) count += 1;
    return count;
  }

  began(session: Pick<CloudSession, "pool" | "room" | "livekitUrl" | "keys" | "engine">): BegunInCloud {
    const nowMs = this.#deps.clock.now();
    const unseen = { empty: false, seen: false, chargedMs: undefined, minutes: 1 };
    const begun: CloudSession = { ...session, ...unseen, sinceMs: nowMs, lookedMs: nowMs };
    this.#sessions.add(begun);
    this.#deps.onChanged(session.pool);
    this.#timer ??= this.#deps.clock.schedule(ROUND_MS, () => void this.#round());
    const accepted = () => {
      begun.chargedMs = this.#deps.clock.now();
      this.#deps.used(begun.pool, begun.engine, { sessions: 1, minutes: 1 });
    };
    return { accepted, release: () => this.#end(begun) };
  }

  /**
   * Whether a launch has a session that counts. If its room can be checked, a session whose avatar was found before and is gone
   * has ended. Never throws.
   */
  async runs(launch: string): Promise<boolean> {
    const session = [...this.#sessions].find(({ keys }) => keys.launch === launch);
    const pool = session && this.#deps.findPool(session.pool);
    if (session === undefined || pool === undefined) return session !== undefined;
    const avatar = await this.avatarIn(pool, { ...session, agent: session.keys.agent });
    if (avatar === false && session.seen) this.#end(session);
    session.seen ||= avatar === true;
    return this.#sessions.has(session);
  }

  /** Whether the avatar of an agent, or any avatar if the agent is unknown, is in a room. Undefined if that cannot be checked. */
  async avatarIn(
    pool: PoolConfig,
    { room, livekitUrl, agent }: Pick<CloudSession, "room" | "livekitUrl"> & Pick<CloudSessionKeys, "agent">,
  ): Promise<boolean | undefined> {
    const { viewRoom } = this.#deps;
    if (viewRoom === undefined || !isSameServer(livekitUrl, pool.livekit?.url)) return undefined;
    return viewRoom(pool, room, agent).then(
      ({ avatar }) => avatar,
      () => undefined,
    );
  }

  stop(): void {
    this.#timer?.cancel();
    this.#sessions.clear();
  }

  #end(session: CloudSession): void {
    if (this.#sessions.delete(session)) this.#deps.onChanged(session.pool);
  }

  async #round(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const old = (session: CloudSession) =>
      nowMs - session.sinceMs >= (this.#deps.findPool(session.pool)?.overflow?.sessionLengthMs ?? 0);
    for (const session of this.#sessions) if (old(session)) this.#end(session);
    const due = [...this.#sessions]
      .filter(({ sinceMs }) => nowMs - sinceMs >= JOINS_WITHIN_MS)
      .sort((a, b) => a.lookedMs - b.lookedMs)
      .slice(0, MAX_LOOKS);
    await Promise.all(due.map((session) => this.#look(session, nowMs)));
    this.#timer = this.#sessions.size === 0 ? undefined : this.#deps.clock.schedule(ROUND_MS, () => void this.#round());
  }

  async #look(session: CloudSession, nowMs: number): Promise<void> {
    session.lookedMs = nowMs;
    const pool = this.#deps.findPool(session.pool);
    const avatar = pool && (await this.avatarIn(pool, { ...session, agent: session.keys.agent }));
    if (avatar === false && session.empty) this.#end(session);
    if (avatar !== undefined) session.empty = !avatar;
    session.seen ||= avatar === true;
    // A session that cannot be seen counts as running.
    if (avatar !== false) this.#charge(session, nowMs);
  }

  #charge(session: CloudSession, atMs: number): void {
    const { pool, engine, chargedMs, minutes: counted } = session;
    if (chargedMs === undefined) return;
    const minutes = Math.max(0, startedMinutes(chargedMs, atMs) - counted);
    session.minutes += minutes;
    if (minutes > 0) this.#deps.used(pool, engine, { sessions: 0, minutes });
  }
}
