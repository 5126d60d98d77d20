import type { OverflowErrorKind, PoolLoad } from "../../api/load-report.ts";

/** After this time without another error the cloud is taken to be well again; gateways try it every five minutes. */
const ERROR_SPAN_MS = 600_000;

export interface OverflowError {
  /** Without what concerns one launch only. */
  readonly kind: Exclude<OverflowErrorKind, "rejected">;
  readonly untilMs: number;
}

/** Sessions in the maker's cloud. */
export interface OverflowLoad {
  readonly sessions: number;
  /** The newest of what went wrong there and is not known to be over. */
  readonly error: OverflowError | undefined;
}

/** What all gateways together say of the cloud. */
export function overflowLoad(loads: readonly PoolLoad[], nowMs: number): OverflowLoad {
  const told = loads.flatMap(({ overflow }) => overflow ?? []);
  const errors = told
    .flatMap(({ error }) =>
      error === undefined ? [] : { kind: error.kind, untilMs: Math.min(error.lastMs, nowMs) + ERROR_SPAN_MS },
    )
    .filter(({ untilMs }) => untilMs > nowMs)
    .sort((a, b) => b.untilMs - a.untilMs);
  return { sessions: told.reduce((sum, { sessions }) => sum + sessions, 0), error: errors[0] };
}
