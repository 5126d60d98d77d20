import type { IncomingHttpHeaders } from "node:http";

/** The headers of W3C Trace Context, as the gateway forwards them. */
export type TraceContext = Readonly<Partial<Record<"traceparent" | "tracestate", string>>>;

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** The shortest length that the standard requires every system to forward. */
const MAX_TRACESTATE_LENGTH = 512;

/** The client's trace context; empty if there is none or if it is malformed. */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string" || !TRACEPARENT.test(traceparent)) return {};
  const state = typeof tracestate === "string" && tracestate.length <= MAX_TRACESTATE_LENGTH && /^[\x20-\x7e]+$/.test(tracestate);
  return state ? { traceparent, tracestate } : { traceparent };
}

/** The trace ID, which connects log lines with traces. */
export function traceId(context: TraceContext): string | undefined {
  return TRACEPARENT.exec(context.traceparent ?? "")?.[1];
}
