import type { FastifyReply } from "fastify";
import type { WorkerAnswer } from "../../workers/answers.ts";
import { LaunchError } from "../errors.ts";
import type { LaunchTrace } from "../launch/launch-trace.ts";
import { stageTimes } from "../launch/stage-times.ts";

export function errorBody({ code, message, field }: LaunchError) {
  return { error: { code, message, ...(field === undefined ? {} : { field }) } };
}

export function refuse(reply: FastifyReply, refusal: LaunchError): FastifyReply {
  const { status, retryAfterMs } = refusal;
  if (retryAfterMs !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (status === 405) reply.header("allow", "POST");
  // The rest of the body stays unread.
  if (status === 408) reply.header("connection", "close");
  return reply.code(status).send(errorBody(refusal));
}

/** Sends the worker's answer. If the answer is no JSON object, the session has started all the same. */
export function accept(reply: FastifyReply, answer: WorkerAnswer, trace: LaunchTrace, nowMs: number): FastifyReply {
  const readable = isJsonObject(answer.body);
  return reply
    .code(readable ? answer.status : 200)
    .header("x-avatarpool-worker", trace.worker ?? "")
    .header("x-avatarpool-path", trace.path ?? "")
    .header(
      "server-timing",
      stageTimes(trace, nowMs)
        .map(({ name, ms }) => `${name};dur=${Math.round(ms)}`)
        .join(", "),
    )
    .type("application/json; charset=utf-8")
    .send(readable ? answer.body : JSON.stringify({ status: "pending", room_name: trace.room }));
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The error as a LaunchError; an unknown error becomes `internal`. */
export function refusalOf(error: unknown): LaunchError {
  if (error instanceof LaunchError) return error;
  const { statusCode = 500, message = "the request cannot be read" } = error as Partial<Record<"statusCode", number> & Error>;
  if (statusCode >= 400 && statusCode < 500) return new LaunchError(statusCode, "bad_request", message);
  return new LaunchError(500, "internal", "internal error of the gateway: see the gateway's log", { cause: error });
}
