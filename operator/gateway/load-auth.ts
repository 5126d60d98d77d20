import { createHash } from "node:crypto";
import { LOAD_AUDIENCE } from "../api/load-report.ts";
import type { Clock } from "../runtime/clock.ts";

/** How long a token that was found good is taken for good: the API server may be away for a while. */
const REMEMBER_MS = 5 * 60_000;
/** Operators that may be remembered: two replicas, and their tokens before and after renewal. */
const MAX_REMEMBERED = 64;
/** Reviews under way at once: a stranger's guesses must not become a flood at the API server. */
const MAX_REVIEWS = 4;

/** The API server's word on a token. */
export interface TokenVerdict {
  readonly authenticated: boolean;
  readonly username: string | undefined;
  readonly audiences: readonly string[];
}

/** Asks the API server whether a token is good for this audience. */
export type ReviewToken = (token: string, audience: string) => Promise<TokenVerdict>;

export type Access = "granted" | "denied" | "unknown";

/** Decides who may open the load stream: the bearer of the operator's ServiceAccount token for our audience. */
export class LoadAuth {
  readonly #review: ReviewToken;
  readonly #clock: Clock;
  readonly #operatorUser: string;
  /** Unix time in ms until which a token is good, by its hash: no secret is kept. */
  readonly #goodUntilMs = new Map<string, number>();
  #reviews = 0;

  constructor(deps: { readonly review: ReviewToken; readonly clock: Clock; readonly operatorUser: string }) {
    this.#review = deps.review;
    this.#clock = deps.clock;
    this.#operatorUser = deps.operatorUser;
  }

  /** @param authorization the header's value. `unknown`: the API server could not be asked now. */
  async access(authorization: string | undefined): Promise<Access> {
    const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return "denied";
    const hash = createHash("sha256").update(token).digest("base64");
    if ((this.#goodUntilMs.get(hash) ?? 0) > this.#clock.now()) return "granted";
    if (this.#reviews >= MAX_REVIEWS) return "unknown";
    this.#reviews += 1;
    try {
      const verdict = await this.#review(token, LOAD_AUDIENCE);
      if (!this.#isOperator(verdict)) return "denied";
      this.#remember(hash);
      return "granted";
    } catch {
      return "unknown";
    } finally {
      this.#reviews -= 1;
    }
  }

  #isOperator({ authenticated, username, audiences }: TokenVerdict): boolean {
    return authenticated && username === this.#operatorUser && audiences.includes(LOAD_AUDIENCE);
  }

  #remember(hash: string): void {
    this.#goodUntilMs.delete(hash);
    this.#goodUntilMs.set(hash, this.#clock.now() + REMEMBER_MS);
    const [oldest] = this.#goodUntilMs.keys();
    if (this.#goodUntilMs.size > MAX_REMEMBERED && oldest !== undefined) this.#goodUntilMs.delete(oldest);
  }
}
