import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";

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
}

/** Keeps, for launches that fall to this gateway, which gateway sends each: the first that asks. */
export class ClaimBook {
  readonly #entries: ExpiringMap<string, Entry>;

  constructor(clock: Clock) {
    this.#entries = new ExpiringMap({ clock, forMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  get size(): number {
    return this.#entries.size;
  }

  claim({ launch, gateway, worker, instead }: Claim): Verdict {
    const held = this.#entries.get(launch);
    if (held !== undefined && held.gateway !== gateway && held.gateway !== instead) {
      return { kind: "held", gateway: held.gateway, worker: held.worker };
    }
    this.#entries.set(launch, { gateway, worker });
    return { kind: "granted" };
  }
}
