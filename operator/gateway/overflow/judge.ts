import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { CloudAnswer } from "./cloud.ts";

/** What the cloud's answer means for the launch. */
export type CloudVerdict =
  | { readonly kind: "accepted" }
  /** Nothing began there. */
  | { readonly kind: "refused"; readonly error: OverflowErrorKind; readonly retryAfterMs: number | undefined }
  /** A session may have begun. */
  | { readonly kind: "unclear" };

const refusals: ReadonlyMap<number, OverflowErrorKind> = new Map([
  [401, "unauthorized"],
  [402, "no_credits"],
  [403, "concurrency_limit"],
  [429, "rate_limited"],
  [503, "unavailable"],
]);

/** The maker suspends an account whose balance is too far below zero, with 401 or 403: neither the secret nor the limit is the cause. */
const SUSPENDED = "ACCOUNT_SUSPENDED";

export function judgeCloud({ status, retryAfter, text }: CloudAnswer): CloudVerdict {
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const suspended = (status === 401 || status === 403) && text.includes(SUSPENDED);
  const error = suspended ? "no_credits" : (refusals.get(status) ?? (status >= 300 && status < 500 ? "rejected" : undefined));
  if (error === undefined) return { kind: "unclear" };
  // As a date it would need the cloud's clock.
  const seconds = /^[0-9]{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return { kind: "refused", error, retryAfterMs: seconds === undefined ? undefined : seconds * 1_000 };
}
