import type { Clock } from "../runtime/clock.ts";

/** A gateway's word that it is about to send a launch to a worker. */
export interface Claim {
  /** What makes two requests the same launch. */
  readonly launch: string;
  /** The gateway's name among its peers. */
  readonly gateway: string;
  /** UID of the worker; `overflow` for the maker's cloud. */
  readonly worker: string;
  /** A gateway whose claim is void, as the claimant found out: it did not begin the launch, or is gone. */
  readonly instead?: string | undefined;
}

export type Verdict =
  | { readonly kind: "granted" }
  /** Another gateway sends that launch, or has sent it a moment ago. */
  | { readonly kind: "held"; readonly gateway: string; readonly worker: string };

/** A worker's answer takes a minute at most, and for another minute a retry is answered from memory. */
export const REMEMBER_MS = 120_000;
/** Those of two minutes with 500 launches a second; the oldest go first. */
const MAX_REMEMBERED = 60_000;

interface Entry {
  readonly gateway: string;
  readonly worker: string;
  readonly untilMs: number;
}

/** Keeps, for launches that fall to this gateway, which gateway sends each: the first that asks. */
export class ClaimBook {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  claim({ launch, gateway, worker, instead }: Claim): Verdict {
    const nowMs = this.#clock.now();
    const held = this.#entries.get(launch);
    if (held !== undefined && held.untilMs > nowMs && held.gateway !== gateway && held.gateway !== instead) {
      return { kind: "held", gateway: held.gateway, worker: held.worker };
    }
    this.#entries.delete(launch);
    this.#entries.set(launch, { gateway, worker, untilMs: nowMs + REMEMBER_MS });
    for (const [oldest, { untilMs }] of this.#entries) {
      if (untilMs > nowMs && this.#entries.size <= MAX_REMEMBERED) break;
      this.#entries.delete(oldest);
    }
    return { kind: "granted" };
  }
}
