import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { Tickets } from "./tickets.ts";

/** The claim of a gateway that is about to send a launch to a worker. */
export interface Claim {
  /** Key of the launch: requests with the same key are one launch. */
  readonly launch: string;
  /** Key of the room. The same gateways keep all claims of a room. */
  readonly room: string;
  /** The gateway's name among its peers. */
  readonly gateway: string;
  /** UID of the worker; `overflow` for the maker's cloud. */
  readonly worker: string;
  /** Earlier tasks of the worker in the room: they do not belong to this launch. */
  readonly before: readonly string[];
  /** A gateway whose claim the claimant found void: it started no session, or has ended. */
  readonly instead?: string | undefined;
}

export type Verdict =
  | {
      readonly kind: "granted";
      /** Sequence number: it rises with every claim of a room and orders its launches. */
      readonly ticket: number;
      /** Gateways that recently claimed another launch of the room. */
      readonly others: readonly string[];
    }
  /** Another gateway is sending the launch or has recently sent it. */
  | {
      readonly kind: "held";
      readonly gateway: string;
      readonly worker: string;
      readonly before: readonly string[];
      readonly ticket: number;
    };

/** A worker's answer takes a minute at most, and retries within another minute get the same answer. */
export const REMEMBER_MS = 120_000;
/** Two minutes at 500 launches a second; the oldest claims are dropped first. */
const MAX_REMEMBERED = 60_000;
/** Limit on the launches of one room; the oldest are dropped first. */
const MAX_OF_ROOM = 16;
/** Limit on the tasks of one claim. */
export const MAX_BEFORE = 16;

interface GrantedClaim {
  readonly gateway: string;
  readonly worker: string;
  readonly before: readonly string[];
  readonly ticket: number;
}

/** Keeps the claims of the rooms that hash to this gateway. The first gateway to claim a launch holds it. */
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
