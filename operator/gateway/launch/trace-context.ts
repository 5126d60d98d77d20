import type { IncomingHttpHeaders } from "node:http";

/** The headers of W3C Trace Context, as they are passed on. */
export type TraceContext = Readonly<Partial<Record<"traceparent" | "tracestate", string>>>;

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What the standard asks everyone to pass on at least. */
const MAX_TRACESTATE_LENGTH = 512;

/** The client's trace context; empty where there is none, or one that is malformed. The gateway adds no span of its own. */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent)) return {};
  const state = typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE_LENGTH && /^[\x20-\x7e]+$/.test(tracestate);
  return state ? { traceparent, tracestate } : { traceparent };
}

/** The id by which logs and traces find each other. */
export function traceId(context: TraceContext): string | undefined {
  return TRACEPARENT.exec(context.traceparent ?? "")?.[1];
}
