import type { Call } from "./callers.ts";

/** The state of the pool when a launch arrived, which determines its start-up time. */
export const startKinds = ["warm", "own image", "queued", "cold"] as const;
export type StartKind = (typeof startKinds)[number];

export interface StartUps {
  readonly count: number;
  /** Absent if `count` is 0. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

export interface ClientFigures {
  readonly launches: number;
  /** Launches whose session runs or starts. */
  readonly served: number;
  /** Launches without a response. */
  readonly waiting: number;
  /** Responses with status 503 that a client received, including those of repeated attempts. */
  readonly client503: number;
  /** Other attempts without a session: another error status, or a broken connection. */
  readonly clientErrors: number;
  /** By kind of start: the time from sending a launch until its session runs. */
  readonly startUps: Readonly<Record<StartKind, StartUps>>;
}

export function clientFigures(calls: readonly Call[]): ClientFigures {
  const tries = calls.flatMap(({ outcome }) => outcome?.tries ?? []);
  const failed = tries.filter(({ status }) => status < 200 || status >= 300);
  const client503 = failed.filter(({ status }) => status === 503).length;
  const startUps = (kind: StartKind) => startUpsOf(calls.filter((call) => kindOf(call) === kind));
  return {
    launches: calls.length,
    served: calls.filter(({ outcome }) => outcome?.ok).length,
    waiting: calls.filter(({ outcome }) => outcome === undefined).length,
    client503,
    clientErrors: failed.length - client503,
    startUps: { warm: startUps("warm"), "own image": startUps("own image"), queued: startUps("queued"), cold: startUps("cold") },
  };
}

/** Undefined for a launch that has no session. */
function kindOf({ phase, avatar, outcome }: Call): StartKind | undefined {
  if (!outcome?.ok) return undefined;
  // Sent before any worker had started: it waited for the whole cold start.
  if (phase === "first" || outcome.path === "cold") return "cold";
  if (outcome.path === "queued") return "queued";
  return avatar === "own image" ? "own image" : "warm";
}

function startUpsOf(calls: readonly Call[]): StartUps {
  const timesMs = calls.flatMap(({ sentAtMs, runningAtMs }) => (runningAtMs === undefined ? [] : runningAtMs - sentAtMs));
  const [p50Ms, p95Ms] = [percentile(timesMs, 0.5), percentile(timesMs, 0.95)];
  return { count: timesMs.length, ...(p50Ms !== undefined && { p50Ms }), ...(p95Ms !== undefined && { p95Ms }) };
}

/** Nearest rank: the smallest value such that at least `share` of all values do not exceed it. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1];
}

/** From the operator's log: the ms from the first launch without capacity to the patch, for each growth that followed. */
export function pressureToPatchMs(log: string): readonly number[] {
  return log.split("\n").flatMap((line) => {
    if (!line.includes("pressureToPatchMs")) return [];
    const { pressureToPatchMs: ms }: { readonly pressureToPatchMs?: unknown } = JSON.parse(line);
    return typeof ms === "number" ? [ms] : [];
  });
}
