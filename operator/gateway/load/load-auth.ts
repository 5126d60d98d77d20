import { createHash } from "node:crypto";
import { LOAD_AUDIENCE } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { RateLimit } from "../../runtime/rate-limit.ts";

/** How long a valid token is accepted without another review, so that a short outage of the API server does not matter. */
const REMEMBER_MS = 5 * 60_000;
/** Enough for two replicas of the operator, or for all gateways, with their tokens before and after renewal. */
const MAX_REMEMBERED = 64;
/** Concurrent reviews: guesses must not flood the API server. */
const MAX_REVIEWS = 4;
/** Reviews for one address in a window: an operator or a gateway has one token, and another one after its renewal. */
const REVIEWS_PER_WINDOW = 10;
const REVIEW_WINDOW_MS = 10_000;
const MAX_ADDRESSES = 1_000;
/** How long a token stays rejected without another review. An invalid token never becomes valid. */
const REFUSE_MS = 60_000;
const MAX_REFUSED = 1_000;

export interface TokenReview {
  readonly authenticated: boolean;
  readonly username: string | undefined;
  readonly audiences: readonly string[];
}

/** Has the API server review a token for an audience. */
export type ReviewToken = (token: string, audience: string) => Promise<TokenReview>;

interface Good {
  /** The next review is due at this time. Unix time in ms, like `expiresMs`. */
  readonly untilMs: number;
  readonly expiresMs: number;
}

export type Access = "granted" | "denied" | "unknown";

/**
 * Authenticates requests to a gateway's internal port: they need the token of one ServiceAccount, for the gateways' audience.
 * While the API server is unavailable, a token that was valid once is accepted until it expires.
 */
export class LoadAuth {
  readonly #review: ReviewToken;
  readonly #clock: Clock;
  readonly #user: string;
  /** By the hash of the token, like the other maps: no secret is kept. */
  readonly #good: ExpiringMap<string, Good>;
  readonly #refused: ExpiringMap<string, true>;
  readonly #underWay = new Map<string, Promise<TokenReview>>();
  readonly #rate: RateLimit;

  constructor(deps: { readonly review: ReviewToken; readonly clock: Clock; readonly user: string }) {
    const { review, clock, user } = deps;
    this.#review = review;
    this.#clock = clock;
    this.#user = user;
    this.#good = new ExpiringMap({ clock, max: MAX_REMEMBERED });
    this.#refused = new ExpiringMap({ clock, ttlMs: REFUSE_MS, max: MAX_REFUSED });
    this.#rate = new RateLimit({ clock, windowMs: REVIEW_WINDOW_MS, maxKeys: MAX_ADDRESSES });
  }

  /**
   * @param authorization the header's value.
   * @param address the sender's, for which reviews are limited.
   * @returns `unknown` if the token needs a review, and the API server is unavailable or has too many reviews.
   */
  async access(authorization: string | undefined, address: string): Promise<Access> {
    const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return "denied";
    const hash = createHash("sha256").update(token).digest("base64");
    if (this.#refused.get(hash)) return "denied";
    const good = this.#good.get(hash);
    const nowMs = this.#clock.now();
    if (good !== undefined && good.untilMs > nowMs) return "granted";
    const otherwise = good !== undefined && good.expiresMs > nowMs ? "granted" : "unknown";
    const reviewing = this.#underWay.get(hash) ?? this.#begin(hash, token, address);
    if (reviewing === undefined) return otherwise;
    try {
      const verdict = await reviewing;
      if (!this.#isExpected(verdict)) {
        this.#good.delete(hash);
        this.#refused.set(hash, true);
        return "denied";
      }
      this.#good.set(hash, { untilMs: this.#clock.now() + REMEMBER_MS, expiresMs: expiryMs(token) });
      return "granted";
    } catch {
      return otherwise;
    }
  }

  /** Starts a review of a token; undefined if there are too many. */
  #begin(hash: string, token: string, address: string): Promise<TokenReview> | undefined {
    if (this.#underWay.size >= MAX_REVIEWS || this.#rate.take(address, REVIEWS_PER_WINDOW) > 0) return undefined;
    const reviewing = this.#review(token, LOAD_AUDIENCE).finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, reviewing);
    return reviewing;
  }

  #isExpected({ authenticated, username, audiences }: TokenReview): boolean {
    return authenticated && username === this.#user && audiences.includes(LOAD_AUDIENCE);
  }
}

/** The expiry in a valid token, as Unix time in ms; 0 if it has none. */
function expiryMs(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { readonly exp?: unknown };
    return typeof claims.exp === "number" ? claims.exp * 1_000 : 0;
  } catch {
    return 0;
  }
}
