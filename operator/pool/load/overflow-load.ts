import type { OverflowErrorKind, PoolLoad } from "../../api/load-report.ts";

/** An error of the cloud expires after this time. Gateways retry every five minutes. */
const ERROR_SPAN_MS = 600_000;

export interface OverflowError {
  /** Without errors that concern a single launch. */
  readonly kind: Exclude<OverflowErrorKind, "rejected">;
  readonly untilMs: number;
}

export interface OverflowLoad {
  readonly sessions: number;
  /** The newest error that has not expired. */
  readonly error: OverflowError | undefined;
}

export function overflowLoad(loads: readonly PoolLoad[], nowMs: number): OverflowLoad {
  const reported = loads.flatMap(({ overflow }) => overflow ?? []);
  const errors = reported
    .flatMap(({ error }) =>
      error === undefined ? [] : { kind: error.kind, untilMs: Math.min(error.lastMs, nowMs) + ERROR_SPAN_MS },
    )
    .filter(({ untilMs }) => untilMs > nowMs)
    .sort((a, b) => b.untilMs - a.untilMs);
  return { sessions: reported.reduce((sum, { sessions }) => sum + sessions, 0), error: errors[0] };
}
