import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { Claim, Held, Verdict } from "./peer-protocol.ts";
import { Tickets } from "./tickets.ts";

/** A worker's answer takes a minute at most, and retries within another minute get the same answer. */
export const REMEMBER_MS = 120_000;
/** Two minutes at 500 launches a second; the oldest claims are dropped first. */
const MAX_REMEMBERED = 60_000;
/** Limit on the launches of one room; the oldest are dropped first. */
const MAX_OF_ROOM = 16;

/** Keeps the claims of the rooms that hash to this gateway. The first gateway to claim a launch holds it. */
export class ClaimBook {
  readonly #tickets: Tickets;
  readonly #entries: ExpiringMap<string, Omit<Held, "kind">>;
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
