import type { Clock } from "../../runtime/clock.ts";
import { claimUnsettled } from "../errors.ts";
import type { Claims, SettledClaim } from "./claims.ts";
import type { Verdict } from "./peer-protocol.ts";
import { Tickets } from "./tickets.ts";

/** Limit on the void claims of other gateways for one launch. */
const MAX_VOID_CLAIMS = 5;

export type Granted = Extract<Verdict, { kind: "granted" }>;

export type Claimed =
  | Granted
  | ({ readonly kind: "served" } & SettledClaim)
  /** The holder of the claim started no session: the launch may be claimed again. */
  | { readonly kind: "void" };

/** The claims of this gateway's launches, and the launches that wait for another gateway's answer. */
export class LaunchClaims {
  readonly #claims: Claims | undefined;
  readonly #tickets: Tickets;
  readonly #deferred = new Set<string>();

  /** @param claims agreement with other gateways; undefined for a single gateway. */
  constructor(claims: Claims | undefined, clock: Clock) {
    this.#claims = claims;
    this.#tickets = new Tickets(clock);
  }

  /** Whether this gateway waits for another gateway's answer to a launch, and so has no answer of its own. */
  defers(launch: string): boolean {
    return this.#deferred.has(launch);
  }

  /** A ticket later than those of all launches that this gateway has claimed alone. */
  ticket(): number {
    return this.#tickets.next();
  }

  /** The claims of one launch, for one worker at a time. */
  of({ launch, room }: { readonly launch: string; readonly room: string }, roomName: string, signal: AbortSignal): OneLaunch {
    const voidClaims: string[] = [];
    return {
      claim: async (worker, before, yielded) => {
        const wanted = { launch, room, worker: worker.uid, before, instead: voidClaims.at(-1) };
        const verdict = await this.#claims?.claim(wanted);
        if (verdict === undefined) return { kind: "granted", ticket: this.ticket(), others: [] };
        if (verdict.kind === "granted") return verdict;
        yielded();
        this.#deferred.add(launch);
        try {
          const settled = await this.#claims?.settle(wanted, roomName, verdict, signal);
          if (settled !== undefined) return { kind: "served", ...settled };
        } finally {
          this.#deferred.delete(launch);
        }
        voidClaims.push(verdict.gateway);
        if (voidClaims.length > MAX_VOID_CLAIMS) throw claimUnsettled(worker.name);
        return { kind: "void" };
      },
    };
  }
}

export interface OneLaunch {
  /**
   * Claims the launch for a worker.
   * @param before known tasks of the worker in the launch's room.
   * @param yielded called if another gateway has an earlier claim: this one waits for its answer and needs no slot.
   * @throws LaunchError if the outcome of another gateway's claim is unknown.
   */
  claim(worker: { readonly uid: string; readonly name: string }, before: readonly string[], yielded: () => void): Promise<Claimed>;
}
