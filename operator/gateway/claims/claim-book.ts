import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { Tickets } from "./tickets.ts";

/** A gateway's word that it is about to send a launch to a worker. */
export interface Claim {
  /** What makes two requests the same launch. */
  readonly launch: string;
  /** The launch's room; claims of one room are kept by the same gateways. */
  readonly room: string;
  /** The gateway's name among its peers. */
  readonly gateway: string;
  /** UID of the worker; `overflow` for the maker's cloud. */
  readonly worker: string;
  /** Tasks in the room that the worker had before: they are not this launch's. */
  readonly before: readonly string[];
  /** A gateway whose claim is void, as the claimant found out: it did not begin the launch, or is gone. */
  readonly instead?: string | undefined;
}

export type Verdict =
  | {
      readonly kind: "granted";
      /** Rises with every claim of a room: the order of its launches. */
      readonly ticket: number;
      /** Gateways that have claimed another launch of the room a moment ago. */
      readonly others: readonly string[];
    }
  /** Another gateway sends that launch, or has sent it a moment ago. */
  | {
      readonly kind: "held";
      readonly gateway: string;
      readonly worker: string;
      readonly before: readonly string[];
      readonly ticket: number;
    };

/** A worker's answer takes a minute at most, and for another minute a retry is answered from memory. */
export const REMEMBER_MS = 120_000;
/** Those of two minutes with 500 launches a second; the oldest go first. */
const MAX_REMEMBERED = 60_000;
/** Launches that are remembered of one room; the oldest go first. */
const MAX_OF_ROOM = 16;
/** Tasks that are remembered of one claim. */
export const MAX_BEFORE = 16;

interface GrantedClaim {
  readonly gateway: string;
  readonly worker: string;
  readonly before: readonly string[];
  readonly ticket: number;
}

/** Keeps, for launches that fall to this gateway, which gateway sends each: the first that asks. */
export class ClaimBook {
  readonly #tickets: Tickets;
  readonly #entries: ExpiringMap<string, GrantedClaim>;
  /** The launches of a room, oldest first. */
  readonly #rooms: ExpiringMap<string, readonly string[]>;

  constructor(clock: Clock) {
    this.#tickets = new Tickets(clock);
    this.#entries = new ExpiringMap({ clock, ttlMs: REMEMBER_MS, max: MAX_REMEMBERED });
    this.#rooms = new ExpiringMap({ clock, ttlMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  get size(): number {
    return this.#entries.size;
  }

  claim({ launch, room, gateway, worker, before, instead }: Claim): Verdict {
    const held = this.#entries.get(launch);
    if (held !== undefined && held.gateway !== gateway && held.gateway !== instead) return { kind: "held", ...held };
    const ticket = this.#tickets.next();
    this.#entries.set(launch, { gateway, worker, before, ticket });
    const launches = (this.#rooms.get(room) ?? []).filter((other) => other !== launch);
    this.#rooms.set(room, [...launches, launch].slice(-MAX_OF_ROOM));
    const others = launches.flatMap((other) => this.#entries.get(other)?.gateway ?? []).filter((other) => other !== gateway);
    return { kind: "granted", ticket, others: [...new Set(others)] };
  }
}
