import { createHash } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { ExpiringMap } from "../runtime/expiring-map.ts";
import { RateLimit } from "../runtime/rate-limit.ts";

export interface ReviewedTokensOptions<Bearer> {
  /** @returns undefined if the bearer of the token has no access. */
  readonly review: (token: string) => Promise<Bearer | undefined>;
  readonly clock: Clock;
  /** How long a valid token is accepted without another review. */
  readonly rememberMs: number;
  /** How long a token stays rejected without another review. */
  readonly refuseMs: number;
  readonly maxRemembered: number;
  readonly maxRefused: number;
  /** Concurrent reviews: guesses must not flood the API server. */
  readonly maxReviews: number;
  /** Reviews for one address in a window. */
  readonly reviewsPerWindow: number;
  readonly windowMs: number;
  readonly maxAddresses: number;
}

/** `unknown`: the token needs a review, and the API server is unavailable or has too many reviews. */
export type Verdict<Bearer> =
  | { readonly access: "granted"; readonly bearer: Bearer }
  | { readonly access: "denied" }
  | { readonly access: "unknown" };

interface Good<Bearer> {
  readonly bearer: Bearer;
  /** The next review is due at this time. Unix time in ms, like `expiresMs`. */
  readonly untilMs: number;
  readonly expiresMs: number;
}

const DENIED = { access: "denied" } as const;
const UNKNOWN = { access: "unknown" } as const;

/**
 * Authenticates the bearers of tokens by reviews of the API server, with a cache and limits. While the API server is
 * unavailable, a token that was valid once is accepted until it expires.
 */
export class ReviewedTokens<Bearer> {
  readonly #options: ReviewedTokensOptions<Bearer>;
  /** By the hash of the token, like the other maps: no secret is kept. */
  readonly #good: ExpiringMap<string, Good<Bearer>>;
  readonly #refused: ExpiringMap<string, true>;
  readonly #underWay = new Map<string, Promise<Bearer | undefined>>();
  readonly #rate: RateLimit;

  constructor(options: ReviewedTokensOptions<Bearer>) {
    const { clock, refuseMs, maxRemembered, maxRefused, windowMs, maxAddresses } = options;
    this.#options = options;
    this.#good = new ExpiringMap({ clock, max: maxRemembered });
    this.#refused = new ExpiringMap({ clock, ttlMs: refuseMs, max: maxRefused });
    this.#rate = new RateLimit({ clock, windowMs, maxKeys: maxAddresses });
  }

  /**
   * @param authorization the header's value.
   * @param address the sender's, for which reviews are limited.
   */
  async verdict(authorization: string | undefined, address: string): Promise<Verdict<Bearer>> {
    const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(authorization ?? "")?.[1];
    if (token === undefined) return DENIED;
    const { clock, rememberMs } = this.#options;
    const hash = createHash("sha256").update(token).digest("base64");
    if (this.#refused.get(hash)) return DENIED;
    const good = this.#good.get(hash);
    const nowMs = clock.now();
    if (good !== undefined && good.untilMs > nowMs) return granted(good.bearer);
    const otherwise = good !== undefined && good.expiresMs > nowMs ? granted(good.bearer) : UNKNOWN;
    const reviewing = this.#underWay.get(hash) ?? this.#begin(hash, token, address);
    if (reviewing === undefined) return otherwise;
    try {
      const bearer = await reviewing;
      if (bearer === undefined) {
        this.#good.delete(hash);
        this.#refused.set(hash, true);
        return DENIED;
      }
      this.#good.set(hash, { bearer, untilMs: clock.now() + rememberMs, expiresMs: expiryMs(token) });
      return granted(bearer);
    } catch {
      return otherwise;
    }
  }

  /** Starts a review of a token; undefined if there are too many. */
  #begin(hash: string, token: string, address: string): Promise<Bearer | undefined> | undefined {
    const { maxReviews, reviewsPerWindow, review } = this.#options;
    if (this.#underWay.size >= maxReviews || this.#rate.take(address, reviewsPerWindow) > 0) return undefined;
    const reviewing = review(token).finally(() => this.#underWay.delete(hash));
    this.#underWay.set(hash, reviewing);
    return reviewing;
  }
}

function granted<Bearer>(bearer: Bearer): Verdict<Bearer> {
  return { access: "granted", bearer };
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
