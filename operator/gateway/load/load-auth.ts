import { createHash } from "node:crypto";
import { LOAD_AUDIENCE } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";

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

interface Good {
  /** Until then it is not reviewed again. Unix time in ms, like the other. */
  readonly untilMs: number;
  readonly expiresMs: number;
}

export type Access = "granted" | "denied" | "unknown";

/**
 * Decides who may speak with a gateway on its internal port: the bearer of one ServiceAccount's token for our audience. A token
 * that was good once stays so until it expires while the API server cannot be asked.
 */
export class LoadAuth {
  readonly #review: ReviewToken;
  readonly #clock: Clock;
  readonly #user: string;
  /** By the token's hash: no secret is kept. */
  readonly #good = new Map<string, Good>();
  #reviews = 0;

  constructor(deps: { readonly review: ReviewToken; readonly clock: Clock; readonly user: string }) {
    this.#review = deps.review;
    this.#clock = deps.clock;
    this.#user = deps.user;
  }

  /** @param authorization the header's value. `unknown`: the API server could not be asked now. */
  async access(authorization: string | undefined): Promise<Access> {
    const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return "denied";
    const hash = createHash("sha256").update(token).digest("base64");
    const good = this.#good.get(hash);
    const nowMs = this.#clock.now();
    if (good !== undefined && good.untilMs > nowMs) return "granted";
    const otherwise = good !== undefined && good.expiresMs > nowMs ? "granted" : "unknown";
    if (this.#reviews >= MAX_REVIEWS) return otherwise;
    this.#reviews += 1;
    try {
      const verdict = await this.#review(token, LOAD_AUDIENCE);
      if (!this.#isExpected(verdict)) {
        this.#good.delete(hash);
        return "denied";
      }
      this.#remember(hash, expiryMs(token));
      return "granted";
    } catch {
      return otherwise;
    } finally {
      this.#reviews -= 1;
    }
  }

  #isExpected({ authenticated, username, audiences }: TokenVerdict): boolean {
    return authenticated && username === this.#user && audiences.includes(LOAD_AUDIENCE);
  }

  #remember(hash: string, expiresMs: number): void {
    this.#good.delete(hash);
    this.#good.set(hash, { untilMs: this.#clock.now() + REMEMBER_MS, expiresMs });
    const [oldest] = this.#good.keys();
    if (this.#good.size > MAX_REMEMBERED && oldest !== undefined) this.#good.delete(oldest);
  }
}

/** When a token that the API server found good expires by its own word, as Unix time in ms; 0 when it does not say. */
function expiryMs(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { readonly exp?: unknown };
    return typeof claims.exp === "number" ? claims.exp * 1_000 : 0;
  } catch {
    return 0;
  }
}
