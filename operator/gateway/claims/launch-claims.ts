import type { WorkerAnswer } from "../../workers/answers.ts";
import { claimUnsettled } from "../launch/refusals.ts";
import type { Claims } from "./claims.ts";

/** Gateways that may have claimed a launch, one after the other, and failed. */
const MAX_VOID_CLAIMS = 5;

export type Claimed =
  | { readonly kind: "granted" }
  | { readonly kind: "served"; readonly answer: WorkerAnswer }
  /** The gateway that had claimed it began no session: it may be claimed again. */
  | { readonly kind: "void" };

/** Claims of this gateway's launches, and those among them that it leaves to another gateway. */
export class LaunchClaims {
  readonly #claims: Claims | undefined;
  readonly #deferred = new Set<string>();

  /** @param claims agreement with other gateways; undefined where this one is alone. */
  constructor(claims: Claims | undefined) {
    this.#claims = claims;
  }

  /** Whether this gateway waits for another one's answer to a launch, and so has none to give. */
  defers(launch: string): boolean {
    return this.#deferred.has(launch);
  }

  /** For one launch, that claims it for one worker after the other. */
  of(launch: string, room: string, signal: AbortSignal): OneLaunch {
    const voidClaims: string[] = [];
    return {
      claim: async (worker, yielded) => {
        const verdict = (await this.#claims?.claim(launch, worker.uid, voidClaims.at(-1))) ?? { kind: "granted" };
        if (verdict.kind === "granted") return verdict;
        yielded();
        this.#deferred.add(launch);
        try {
          const answer = await this.#claims?.settle({ launch, room }, verdict, signal);
          if (answer !== undefined) return { kind: "served", answer };
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
   * @param yielded called when another gateway has claimed it before: its answer is waited for, and the slot is not needed.
   * @throws LaunchError when nobody can tell what became of another gateway's claim.
   */
  claim(worker: { readonly uid: string; readonly name: string }, yielded: () => void): Promise<Claimed>;
}
