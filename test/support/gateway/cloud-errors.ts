import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "./live.ts";

export interface CloudRequest {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfter?: string;
}

/** The errors of the maker's cloud, as its documentation lists them. */
export const refusals = {
  malformed: { status: 400, code: "VALIDATION_ERROR", message: "Request body failed validation" },
  "no-secret": { status: 401, code: "MISSING_AUTH", message: "Missing api-secret header" },
  unauthorized: { status: 401, code: "UNAUTHORIZED", message: "Invalid API secret" },
  "no-credits": { status: 402, code: "INSUFFICIENT_BALANCE", message: "Insufficient credits" },
  "session-limit": { status: 403, code: "CONCURRENCY_LIMIT_REACHED", message: "Concurrent session limit reached" },
  suspended: { status: 403, code: "ACCOUNT_SUSPENDED", message: "Account suspended" },
  "no-avatar": { status: 404, code: "NOT_FOUND", message: "Agent not found" },
  "rate-limited": { status: 429, code: "RATE_LIMITED", message: "Too many requests", retryAfter: "60" },
  internal: { status: 500, code: "INTERNAL_ERROR", message: "Internal error" },
  "no-worker": { status: 503, code: "SERVICE_UNAVAILABLE", message: "No available workers" },
} satisfies Record<string, Refusal>;

export type CloudRefusal = keyof typeof refusals;

/** Sends an error in the maker's envelope. */
export function cloudRefusal(response: ServerResponse, kind: CloudRefusal): void {
  const { status, code, message, retryAfter }: Refusal = refusals[kind];
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  json(response, status, { error: { code, message, httpStatus: status }, status: "error", status_code: status });
}

/** The error for a request that the cloud would not accept from any account; undefined if it has the documented form. */
export function faultIn({ headers, body }: CloudRequest, secret: string | undefined): CloudRefusal | undefined {
  const given = headers["api-secret"];
  if (given === undefined) return "no-secret";
  if (secret !== undefined && given !== secret) return "unauthorized";
  return headers["content-type"] === "application/json" && isLaunch(body) ? undefined : "malformed";
}

function isLaunch(body: string): boolean {
  try {
    const { livekit_url: url, livekit_token: token, room_name: room, mode, agent_id: agent, image, ...rest } = JSON.parse(body);
    const texts = [url, token, room, agent ?? image].every((value) => typeof value === "string" && value !== "");
    const oneAvatar = (agent === undefined) !== (image === undefined);
    return texts && oneAvatar && (mode === "gpu" || mode === "cpu") && Object.keys(rest).length === 0;
  } catch {
    return false;
  }
}
