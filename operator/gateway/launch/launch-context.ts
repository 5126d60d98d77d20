import type { PoolConfig } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import type { TraceContext } from "../../telemetry/trace-context.ts";
import type { OneLaunch } from "../claims/launch-claims.ts";
import type { Met } from "../load/load-book.ts";
import type { BodyFor } from "./launch-body.ts";
import type { LaunchKeys } from "./launch-key.ts";
import type { LaunchTrace } from "./launch-trace.ts";

/** A request for a launch, as the server received it. */
export interface Arrival {
  /** Position among all launches of this gateway. */
  readonly order: number;
  /** Unix time in ms. */
  readonly arrivedMs: number;
  /** Name of the client's token; empty if the pool requires none. */
  readonly client: string;
  /** Headers that connect the worker's trace with the client's. */
  readonly traceContext: TraceContext;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** For the access log and the metrics: no step of the launch reads it. */
  readonly trace: LaunchTrace;
}

/** One launch, with everything that its steps decide on. */
export interface LaunchContext extends Omit<Arrival, "signal" | "traceContext"> {
  readonly pool: PoolConfig;
  readonly key: string;
  readonly keys: LaunchKeys;
  readonly preset: string | undefined;
  readonly request: LaunchRequest;
  readonly bodyFor: BodyFor;
  /** Unix time in ms at which the launch leaves the queue. */
  readonly deadlineMs: number;
  readonly claims: OneLaunch;
  /** Counts what the launch meets; each kind counts once. */
  readonly met: (met: Met) => void;
  /** Aborts when all clients of the launch are gone. */
  readonly abandoned: AbortSignal;
  /** Aborts when the launch has an answer: a session, or a refusal. */
  readonly settled: AbortSignal;
}
