/**
 * Every reason for which a launch gets no session, in a word for programs: with the status that it is answered with, and
 * what it means. A closed set: it is also the metric's outcome label, and what `/openapi.json` lists.
 */
export const launchErrors = {
  // The client's mistakes.
  bad_request: { status: 400, meaning: "The request or one of its fields is wrong; `field` names it." },
  unauthorized: { status: 401, meaning: "The pool requires a token, and the launch has none or an invalid one." },
  custom_avatar_forbidden: { status: 403, meaning: "The pool serves presets only." },
  image_host_forbidden: { status: 403, meaning: "The image's URL is on a host that the pool does not allow." },
  origin_forbidden: { status: 403, meaning: "The pool does not allow web pages of this origin." },
  not_found: { status: 404, meaning: "The path does not exist." },
  pool_not_found: { status: 404, meaning: "The pool does not exist." },
  preset_not_found: { status: 404, meaning: "The pool has no preset of this name." },
  method_not_allowed: { status: 405, meaning: "Launches are POST requests." },
  slow_request: { status: 408, meaning: "The request arrived too slowly." },
  launches_unsupported: { status: 409, meaning: "The pool takes no launches: LiveKit dispatches jobs to its workers." },
  pool_deleting: { status: 410, meaning: "The pool is being deleted." },
  too_large: { status: 413, meaning: "The body or one of its fields is too large." },
  unsupported_media_type: { status: 415, meaning: "The body is neither a form nor JSON, or it is compressed." },
  headers_too_large: { status: 431, meaning: "The headers are too large." },
  // Trying later helps.
  rate_limited: { status: 429, meaning: "The token's limit is reached." },
  queue_full: { status: 503, meaning: "No slot is free, and the queue is full." },
  deadline_exceeded: { status: 503, meaning: "No slot became free in time." },
  gateway_busy: { status: 503, meaning: "Launches in progress use all the memory that the gateway reserves for them." },
  gateway_stopping: { status: 503, meaning: "This gateway is stopping. Another gateway serves the retry." },
  pool_unknown: { status: 503, meaning: "The pool is not in the gateway's view, and the view is stale." },
  auth_unavailable: { status: 503, meaning: "Authentication is unavailable: the gateway failed to read the pool's tokens." },
  // The worker's doing.
  worker_rejected: {
    status: 400,
    meaning: "The worker rejected the launch. The status is the worker's: 400, 401, 402, 403 or another 4xx.",
  },
  worker_failed: { status: 502, meaning: "The connection to the worker failed. A session may have started." },
  worker_timeout: { status: 504, meaning: "The worker did not respond in time. A session may have started." },
  overflow_unclear: {
    status: 502,
    meaning: "The launch was sent to the maker's cloud, and the response was lost. A session may have started.",
  },
  // Nobody reads the answer.
  client_gone: { status: 499, meaning: "The client closed the connection before its launch was served." },
  internal: { status: 500, meaning: "Internal error of the gateway: see its log." },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

/** The same for requests about sessions. */
export const sessionErrors = {
  session_not_found: { status: 404, meaning: "The room has no known session." },
  session_not_ended: { status: 502, meaning: "The worker did not end the session. The session may still run." },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>;

export type LaunchErrorCode = keyof typeof launchErrors | keyof typeof sessionErrors;

export interface LaunchErrorDetails {
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

export function badField(field: string, message: string): LaunchError {
  return new LaunchError(400, "bad_request", `${field} ${message}`, { field });
}

/** No client reads this error: it ends the launch and gives the log the reason. */
export function clientGone(): LaunchError {
  return new LaunchError(499, "client_gone", "the client closed the connection before its launch was served");
}

/** Advice for the client of a launch whose outcome is unknown. */
export const maybeStarted = "A session may have started: check whether the avatar is in the room before you retry.";

export function claimUnsettled(worker: string): LaunchError {
  const sentence = `another gateway sent this launch to worker ${worker} and is gone, and the worker does not answer`;
  return new LaunchError(502, "worker_failed", `${sentence}. ${maybeStarted}`);
}

/** @param seconds after which the launch may be sent again. */
export function overflowUnclear(seconds: number): LaunchError {
  const sentence = "the maker's cloud did not report whether it accepted the launch";
  const pause = `The gateway does not send it again for ${seconds}s`;
  return new LaunchError(502, "overflow_unclear", `${sentence}. ${pause}. ${maybeStarted}`);
}
