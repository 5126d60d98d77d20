import type { Peers } from "../claims/claims.ts";
import type { Superseded } from "../claims/peer-protocol.ts";
import type { Session } from "../sessions/session-book.ts";
import type { Sessions } from "../sessions/sessions.ts";

/** The place of one launch among those of its room. */
export interface SeatClaim {
  readonly pool: string;
  readonly room: string;
  /** Undefined if the avatar's identity is not known: it replaces nobody. */
  readonly seat: string | undefined;
  readonly ticket: number;
  /** Gateways that have lately claimed another launch of the room. */
  readonly others: readonly string[];
}

/** A launch that was sent to a worker. */
export interface SentLaunch extends SeatClaim {
  /** Sessions of unknown launches were in the room before. */
  readonly strangers: boolean;
  /** A newer session has the seat. */
  superseded: boolean;
}

export interface ReplacementsDeps {
  readonly sessions: Pick<Sessions, "liveIn" | "endReplaced">;
  readonly peers: Pick<Peers, "others" | "supersede"> | undefined;
}

/**
 * Sees to it that one session of an identity stays in a room. LiveKit lets the newer participant replace the older one, whose
 * session would keep its slot for nothing.
 *
 * Flow: a launch is given a ticket when it is claimed. When its session runs, the sessions of the same seat with lower tickets
 * are ended, by the gateways that launched them.
 * Guarantees: the session with the highest ticket is never ended here; an older one is ended only after a newer one runs, or by
 * {@link vacate}. No try of {@link vacate} begins after its launch was settled. A session whose launch no live gateway knows is left to its worker: it may have another identity.
 */
export class Replacements {
  readonly #deps: ReplacementsDeps;
  /** Launches on their way to a worker. */
  readonly #sent = new Set<SentLaunch>();

  constructor(deps: ReplacementsDeps) {
    this.#deps = deps;
  }

  /** A launch is about to be sent. Hand the result to {@link began} or to {@link failed}. */
  sends(claim: SeatClaim): SentLaunch {
    const sent: SentLaunch = { ...claim, strangers: this.#strangers(claim).length > 0, superseded: false };
    if (claim.seat !== undefined) this.#sent.add(sent);
    return sent;
  }

  /** No session came of it, or none that is known. */
  failed(sent: SentLaunch): void {
    this.#sent.delete(sent);
  }

  /** Its session began. @returns whether an older one may have to be ended by {@link runs}. */
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

  /** The session of a launch runs, and has replaced the older ones of its seat. Never throws. */
  async runs(sent: SentLaunch): Promise<void> {
    if (sent.seat === undefined) return;
    const message = { pool: sent.pool, room: sent.room, seat: sent.seat, ticket: sent.ticket, runs: true };
    await Promise.all([this.supersede(message), this.#tell(message, sent)]);
  }

  /**
   * A newer session has the seat, or will have the slot of the older one.
   * @param settled aborts when the newer launch has an answer. Not known of another gateway's launch: that one has a single try,
   * because it may be refused before the next one.
   * @returns UIDs of the workers whose session was ended; one that could not be ended is tried again. Never throws.
   */
  async supersede(message: Superseded, settled = message.runs ? undefined : AbortSignal.abort()): Promise<readonly string[]> {
    for (const sent of this.#sent) if (message.runs && isOlder(sent, message)) sent.superseded = true;
    const older = this.#inSeat(message).filter(({ launched }) => launched !== undefined && launched.ticket < message.ticket);
    const ended = await Promise.all(older.map((session) => this.#deps.sessions.endReplaced(session, settled)));
    return older.filter((_, index) => ended[index]).map(({ worker }) => worker.uid);
  }

  /** The sessions that may be those that a launch replaces: of its seat, or of an unknown launch in its room. */
  before(claim: SeatClaim): readonly Session[] {
    return claim.seat === undefined ? [] : [...this.#inSeat(claim), ...this.#strangers(claim)];
  }

  /** Ends a session of {@link before}, by the gateway that launched it, if it has the seat. @returns whether it has ended. */
  async vacate({ pool, room, seat, ticket }: SeatClaim, { worker, launched }: Session, settled: AbortSignal): Promise<boolean> {
    if (seat === undefined) return false;
    const message = { pool, room, seat, ticket, runs: false };
    const ended =
      launched === undefined ? await this.#tell(message, { strangers: true, others: [] }) : await this.supersede(message, settled);
    return ended.includes(worker.uid);
  }

  async #tell(message: Superseded, { strangers, others }: Pick<SentLaunch, "strangers" | "others">): Promise<readonly string[]> {
    const { peers } = this.#deps;
    if (peers === undefined) return [];
    const asked = strangers ? peers.others : others;
    const ended = await Promise.all(asked.map((peer) => peers.supersede(peer, message).catch(() => [])));
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
