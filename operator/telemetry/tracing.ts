import type { TraceContext } from "./trace-context.ts";

/** One stage of a launch. Times are Unix times in ms. */
export interface Stage {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: Attributes;
}

export type Attributes = Readonly<Record<string, string | number>>;

/** The span of a launch. */
export interface LaunchSpan {
  readonly traceId: string;
  /** Headers that make spans of the worker children of this span. */
  readonly context: TraceContext;
  /** Exports a stage as a child, also after the end. */
  add(stage: Stage): void;
  /** @param failed the gateway or a worker is the cause: the span has the status ERROR. */
  end(endMs: number, attributes: Attributes, failed: boolean): void;
}

export interface Tracer {
  /** Begins the span of a launch: a child of the client's span, if there is one. */
  start(client: TraceContext, arrivedMs: number): LaunchSpan;
  /** Exports what is left. */
  stop(): Promise<void>;
}
