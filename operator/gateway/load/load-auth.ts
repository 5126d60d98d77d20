import { LOAD_AUDIENCE } from "../../api/load-report.ts";
import { ReviewedTokens, type Verdict } from "../../kube/reviewed-tokens.ts";
import type { ReviewToken } from "../../kube/token-review.ts";
import type { Clock } from "../../runtime/clock.ts";

const limits = {
  /** A short outage of the API server does not matter. */
  rememberMs: 5 * 60_000,
  /** Enough for two replicas of the operator, or for all gateways, with their tokens before and after renewal. */
  maxRemembered: 64,
  maxReviews: 4,
  /** An operator or a gateway has one token, and another one after its renewal. */
  reviewsPerWindow: 10,
  windowMs: 10_000,
  maxAddresses: 1_000,
  /** An invalid token never becomes valid. */
  refuseMs: 60_000,
  maxRefused: 1_000,
};

export type Access = Verdict<true>["access"];

/**
 * Authenticates requests to a gateway's internal port: they need the token of one ServiceAccount, for the gateways' audience.
 * While the API server is unavailable, a token that was valid once is accepted until it expires.
 */
export class LoadAuth {
  readonly #tokens: ReviewedTokens<true>;

  constructor({ review, clock, user }: { readonly review: ReviewToken; readonly clock: Clock; readonly user: string }) {
    this.#tokens = new ReviewedTokens({
      ...limits,
      clock,
      async review(token) {
        const reviewed = await review(token, LOAD_AUDIENCE);
        return reviewed.user?.username === user && reviewed.audiences.includes(LOAD_AUDIENCE) ? true : undefined;
      },
    });
  }

  /**
   * @param authorization the header's value.
   * @param address the sender's, for which reviews are limited.
   */
  async access(authorization: string | undefined, address: string): Promise<Access> {
    return (await this.#tokens.verdict(authorization, address)).access;
  }
}
