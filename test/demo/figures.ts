import type { Call } from "./callers.ts";

/** What a launch found, which decides how long its start-up takes. */
export const startKinds = ["warm", "own image", "queued", "cold"] as const;
export type StartKind = (typeof startKinds)[number];

export interface StartUps {
  readonly count: number;
  /** Absent while there are none. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

export interface ClientFigures {
  readonly launches: number;
  /** A session runs, or is about to. */
  readonly served: number;
  /** Launches without an answer yet. */
  readonly waiting: number;
  /** 503 answers that reached a client, tries that were repeated included. */
  readonly client503: number;
  /** Other tries that brought no session: refused with another status, or broken off. */
  readonly clientErrors: number;
  /** By what the launch found: from when it was sent until its session ran. */
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
  // Sent when no worker had started: it lived through the whole cold start.
  if (phase === "first" || outcome.path === "cold") return "cold";
  if (outcome.path === "queued") return "queued";
  return avatar === "own image" ? "own image" : "warm";
}

function startUpsOf(calls: readonly Call[]): StartUps {
  const timesMs = calls.flatMap(({ sentAtMs, runningAtMs }) => (runningAtMs === undefined ? [] : runningAtMs - sentAtMs));
  const [p50Ms, p95Ms] = [percentile(timesMs, 0.5), percentile(timesMs, 0.95)];
  return { count: timesMs.length, ...(p50Ms !== undefined && { p50Ms }), ...(p95Ms !== undefined && { p95Ms }) };
}

/** Nearest rank: the smallest value that at least `share` of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1];
}

/** From the operator's log: for each growth that answered short capacity, the ms from the first such launch to the patch. */
export function pressureToPatchMs(log: string): readonly number[] {
  return log.split("\n").flatMap((line) => {
    if (!line.includes("pressureToPatchMs")) return [];
    const { pressureToPatchMs: ms }: { readonly pressureToPatchMs?: unknown } = JSON.parse(line);
    return typeof ms === "number" ? [ms] : [];
  });
}
