/**
 * The one error of the Kubernetes API, whatever went wrong below: an answer with a status, or no answer (status 0).
 * `cause` holds what the transport threw.
 */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** HTTP status, or 0 without a response. */
  readonly status: number;
  /** Reason from the API server (`NotFound`, `Expired`, …), or `NoAnswer`, `Timeout` or `Malformed` from this client. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  /** The API server's message, or the whole error message without a response. */
  readonly said: string;

  constructor(message: string, details: KubeErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.said = details.said ?? message;
  }
}

export interface KubeErrorDetails {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
  readonly said?: string;
  readonly cause?: unknown;
}

export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
/** A conflict: the name is taken, or the object has changed since it was read. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);
/** The error of an apply with a UID if the object was deleted, or if another object has its name. */
export const isGoneOrReplaced = (error: unknown): boolean => isNotFound(error) || isConflict(error);
/** The resourceVersion or continue token is too old. A new list is required. */
export const isGone = (error: unknown): boolean => hasStatus(error, 410);

/** The process has lost its lease. */
export const NOT_LEADING = "NotLeading";

/** Reasons without a response for which a retry does not help. */
const lasting: ReadonlySet<string> = new Set(["Malformed", NOT_LEADING]);

/** Message of server-side apply for a field that this version of Kubernetes does not have. Its status is 500. */
const UNKNOWN_FIELD = "field not declared in schema";

/** Whether the same request may succeed later. Whether it is safe to *repeat* depends on the request. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof KubeError) || error.said.includes(UNKNOWN_FIELD)) return false;
  return error.status === 0 ? !lasting.has(error.reason) : error.status === 429 || error.status >= 500;
}

/**
 * What a failed request means for the requests that follow.
 * - `refused`: the result stays the same until the object, a policy, a quota or a permission changes.
 * - `failed`: the request may succeed later, and the failure concerns this object alone.
 * - `unavailable`: the API server is unreachable or accepts no requests, so that every other request would fail too.
 */
export type RequestFailure = "refused" | "failed" | "unavailable";

/** Transient 4xx statuses: a timeout, a conflict, an expired version. */
const passing: ReadonlySet<number> = new Set([408, 409, 410]);
const unavailable: ReadonlySet<number> = new Set([401, 429, 503]);
/** Message for a kind that the API server does not serve. The message for a missing object differs. */
const UNKNOWN_KIND = "the server could not find the requested resource";
/** Message of an admission plugin that has not yet synced its own objects after a start of the API server. */
const NOT_READY_YET = "not yet ready to handle request";

/** Classifies a failed request. An error that is not a `KubeError` is a bug of this program: `failed`. */
export function requestFailureOf(error: unknown): RequestFailure {
  if (!(error instanceof KubeError)) return "failed";
  const { status, reason, said } = error;
  if (status === 0) return reason === "Malformed" ? "failed" : "unavailable";
  if (unavailable.has(status)) return "unavailable";
  if (said.includes(UNKNOWN_FIELD)) return "refused";
  if (status >= 500 || passing.has(status) || said.includes(NOT_READY_YET)) return "failed";
  if (status === 404) return said.includes(UNKNOWN_KIND) ? "refused" : "failed";
  return "refused";
}

/** Source: `responsewriters/errors.go` in Kubernetes `staging/src/k8s.io/apiserver`. */
const MISSING_RIGHT = /\bcannot [a-z]+ resource "/;

/** Whether RBAC forbids the verb on the whole kind. */
export function isMissingRight(error: KubeError): boolean {
  return error.status === 403 && MISSING_RIGHT.test(error.said);
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof KubeError && error.status === status;
}

/** Reasons of responses without a `Status`. */
const defaultReasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  429: "TooManyRequests",
};

/** The fields of an API server's error body (`kind: Status`) that this client reads. */
interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

/**
 * The error for an unsuccessful response.
 * @param action the request, such as `GET /api/v1/pods`.
 * @param retryAfter the `Retry-After` header: seconds or an HTTP date.
 */
export function errorFromAnswer(
  action: string,
  answer: { readonly status: number; readonly body: string; readonly retryAfter?: string | undefined; readonly nowMs: number },
): KubeError {
  const body = parseStatus(answer.body);
  // An intermediate proxy responds with HTML, whose beginning is still useful.
  const sentence = body?.message ?? (answer.body.slice(0, 200).trim() || "no explanation");
  const reason = body?.reason || (defaultReasons[answer.status] ?? (answer.status >= 500 ? "ServerError" : "Refused"));
  const seconds = body?.details?.retryAfterSeconds;
  const retryAfterMs = retryAfterHeaderMs(answer.retryAfter, answer.nowMs) ?? (seconds === undefined ? undefined : seconds * 1000);
  return new KubeError(`${action} answered ${answer.status} ${reason}: ${sentence}`, {
    status: answer.status,
    reason,
    retryAfterMs,
    said: sentence,
  });
}

/** Whether a body is the API server's own, not one that it forwards. */
export function isStatus(body: string): boolean {
  return parseStatus(body)?.kind === "Status";
}

/** The error for an `ERROR` event of a watch, whose object is a `Status`. */
export function errorFromStatus(action: string, status: unknown): KubeError {
  const { code = 500 } = (status ?? {}) as StatusBody;
  return errorFromAnswer(action, { status: code, body: JSON.stringify(status) ?? "", nowMs: 0 });
}

/** The error for a request without a complete response. */
export function errorFromCause(action: string, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const reason = timedOut ? "Timeout" : "NoAnswer";
  return new KubeError(`${action} got no response: ${describe(cause)}`, { status: 0, reason, cause });
}

/** The error for a response that does not match the API's schema. */
export function malformed(message: string, cause?: unknown): KubeError {
  return new KubeError(message, { status: 0, reason: "Malformed", cause });
}

function describe(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(describe).join("; ");
  return cause instanceof Error ? cause.message : String(cause);
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function retryAfterHeaderMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
