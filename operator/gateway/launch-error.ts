/** Why a launch got no session, in a word for programs. A closed set: it is also the metric's outcome label. */
export type LaunchErrorCode =
  // The client's mistakes.
  | "bad_request"
  | "unsupported_media_type"
  | "too_large"
  | "method_not_allowed"
  | "not_found"
  | "pool_not_found"
  | "pool_deleting"
  | "preset_not_found"
  | "custom_avatar_forbidden"
  // Short capacity: trying later helps.
  | "queue_full"
  | "deadline_exceeded"
  | "gateway_busy"
  | "gateway_stopping"
  // The worker's doing.
  | "worker_rejected"
  | "worker_failed"
  | "worker_timeout"
  // Nobody reads the answer.
  | "client_gone"
  | "internal";

export interface LaunchErrorDetails {
  /** The form field that is wrong. */
  readonly field?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An honest answer to a launch that got no session: HTTP status, code, and a sentence that says what to do. */
export class LaunchError extends Error {
  override readonly name = "LaunchError";
  readonly status: number;
  readonly code: LaunchErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: LaunchErrorCode, message: string, details: LaunchErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = status;
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A mistake in one form field. */
export function badField(field: string, message: string): LaunchError {
  return new LaunchError(400, "bad_request", `${field} ${message}`, { field });
}
