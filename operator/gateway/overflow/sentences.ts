import type { OverflowErrorKind } from "../../api/load-report.ts";
import { LaunchError } from "../errors.ts";
import type { WhyNot } from "./decide.ts";

/** Why a launch got no session in the maker's cloud either. Clients read these: no word of the cloud's own is in them. */
export const whyNotSentences: Readonly<Record<WhyNot, string>> = {
  "session-limit": "the pool has reached its session limit (limits.maxSessions)",
  early: "the launch has not waited for overflow.after yet",
  cap: "this gateway's share of overflow.maxSessions is used up",
  budget: "the pool has exceeded its credit budget (credits.budget)",
  "circuit-open": "the maker's cloud rejected a recent launch",
  "worker-comes": "a worker is starting",
};

export const overflowErrorSentences: Readonly<Record<OverflowErrorKind, string>> = {
  unauthorized: "the maker's cloud rejects the API secret (401)",
  no_credits: "the maker's account has no credits (402), or is suspended",
  concurrency_limit: "the maker's account has reached its session limit (403)",
  rate_limited: "the maker's cloud rate-limits this account (429)",
  unavailable: "the maker's cloud has no free worker (503)",
  rejected: "the maker's cloud rejects this launch: it may not have the avatar",
  unreachable: "the maker's cloud is unreachable",
  secret_unreadable: "this gateway cannot read the Secret of apiSecretRef",
  unclear: "the maker's cloud sent an unexpected response",
};

/** The refusal, with the reason why the maker's cloud did not serve the launch. */
export function overflowFailed(refusal: LaunchError, why: string): LaunchError {
  const { status, code, message, retryAfterMs } = refusal;
  return new LaunchError(status, code, `${message}; overflow did not help: ${why}`, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: refusal,
  });
}
