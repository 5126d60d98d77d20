import type { Peers } from "../claims/claims.ts";
import type { Superseded } from "../claims/peer-protocol.ts";
import type { Session } from "../sessions/session-book.ts";
import type { Sessions } from "../sessions/sessions.ts";

/** The position of one launch among those of its room. */
export interface SeatClaim {
  readonly pool: string;
  readonly room: string;
  /** The participant whose session this is. Undefined if its identity is not known: the launch replaces no session. */
  readonly seat: string | undefined;
  readonly ticket: number;
  /** Gateways that have claimed another launch of the room within the last minutes. */
  readonly others: readonly string[];
}

export interface SentLaunch extends SeatClaim {
  /** Whether the room had sessions whose launch this gateway does not know. */
  readonly strangers: boolean;
  /** Whether a newer session of the same participant runs. */
  superseded: boolean;
}

export interface ReplacementsDeps {
  readonly sessions: Pick<Sessions, "liveIn" | "endReplaced">;
  readonly peers: Pick<Peers, "others" | "supersede"> | undefined;
}

/**
 * Keeps one session per identity in a room. In LiveKit a newer participant replaces an older one of the same identity. The
 * session of the older one would hold its slot without an avatar.
 *
 * Flow: a launch gets a ticket when it is claimed. When its session runs, the gateways that launched older sessions of the same
 * seat (those with lower tickets) end them.
 * Guarantees
 * - The session with the highest ticket is never ended. An older one is ended only after a newer one runs, or by {@link preempt}.
 * - No try of {@link preempt} begins after its launch was settled.
 * - A session whose launch no live gateway knows is not ended: it may have another identity.
 */
export class Replacements {
  readonly #deps: ReplacementsDeps;
  /** Launches that were sent and have no answer yet. */
  readonly #sent = new Set<SentLaunch>();

  constructor(deps: ReplacementsDeps) {
    this.#deps = deps;
  }

  /** Call before a launch is sent, and {@link began} or {@link failed} afterwards. */
  register(claim: SeatClaim): SentLaunch {
    const sent: SentLaunch = { ...claim, strangers: this.#strangers(claim).length > 0, superseded: false };
    if (claim.seat !== undefined) this.#sent.add(sent);
    return sent;
  }

  /** The launch has no session, or none that the gateway knows. */
  failed(sent: SentLaunch): void {
    this.#sent.delete(sent);
  }

  /** The session of the launch has begun. @returns whether {@link runs} may have to end an older one. */
  began(sent: SentLaunch, session: Session): boolean {
    this.#sent.delete(sent);
    if (sent.seat === undefined) return false;
    const newer = this.#inSeat(sent).some(({ launched }) => (launched?.ticket ?? 0) > sent.ticket);
    if (sent.superseded || newer) {
      void this.#deps.sessions.endReplaced(session);
      return false;
    }
    return sent.strangers || sent.others.length > 0 || this.#hasOlder(sent);
  }

  /** The session of the launch runs: ends the older ones of its seat. Never throws. */
  async runs(sent: SentLaunch): Promise<void> {
    if (sent.seat === undefined) return;
    const message = { pool: sent.pool, room: sent.room, seat: sent.seat, ticket: sent.ticket, runs: true };
    await Promise.all([this.supersede(message), this.#supersedeAtPeers(message, sent)]);
  }

  /**
   * Ends the sessions that a newer one replaces. A session that cannot be ended now is tried again. Never throws.
   * @param settled aborts when the newer launch has an answer. The launch of another gateway has a single try, since this gateway
   * does not see its answer.
   * @returns UIDs of the workers whose session was ended.
   */
  async supersede(message: Superseded, settled = message.runs ? undefined : AbortSignal.abort()): Promise<readonly string[]> {
    for (const sent of this.#sent) if (message.runs && isOlder(sent, message)) sent.superseded = true;
    const older = this.#inSeat(message).filter(({ launched }) => launched !== undefined && launched.ticket < message.ticket);
    const ended = await Promise.all(older.map((session) => this.#deps.sessions.endReplaced(session, settled)));
    return older.filter((_, index) => ended[index]).map(({ worker }) => worker.uid);
  }

  /** The sessions that a launch may replace: those of its seat, and those in its room whose launch is unknown. */
  candidates(claim: SeatClaim): readonly Session[] {
    return claim.seat === undefined ? [] : [...this.#inSeat(claim), ...this.#strangers(claim)];
  }

  /** Ends one of the {@link candidates} if it has the seat, through the gateway that launched it. @returns whether it ended. */
  async preempt({ pool, room, seat, ticket }: SeatClaim, { worker, launched }: Session, settled: AbortSignal): Promise<boolean> {
    if (seat === undefined) return false;
    const message = { pool, room, seat, ticket, runs: false };
    const ended =
      launched === undefined
        ? await this.#supersedeAtPeers(message, { strangers: true, others: [] })
        : await this.supersede(message, settled);
    return ended.includes(worker.uid);
  }

  async #supersedeAtPeers(
    message: Superseded,
    { strangers, others }: Pick<SentLaunch, "strangers" | "others">,
  ): Promise<readonly string[]> {
    const { peers } = this.#deps;
    if (peers === undefined) return [];
    const gateways = strangers ? peers.others : others;
    const ended = await Promise.all(gateways.map((peer) => peers.supersede(peer, message).catch(() => [])));
    return ended.flat();
  }

  #hasOlder(sent: SentLaunch): boolean {
    const older = this.#inSeat(sent).some(({ launched }) => launched !== undefined && launched.ticket < sent.ticket);
    return older || [...this.#sent].some((other) => isOlder(other, sent));
  }

  #inSeat({ pool, room, seat }: Pick<SeatClaim, "pool" | "room" | "seat">): readonly Session[] {
    return this.#deps.sessions.liveIn(pool, room).filter(({ launched }) => launched !== undefined && launched.seat === seat);
  }

  #strangers({ pool, room, seat }: SeatClaim): readonly Session[] {
    return seat === undefined ? [] : this.#deps.sessions.liveIn(pool, room).filter(({ launched }) => launched === undefined);
  }
}

function isOlder(one: Pick<SeatClaim, "seat" | "ticket">, other: Pick<SeatClaim, "seat" | "ticket">): boolean {
  return one.seat === other.seat && one.ticket < other.ticket;
}
