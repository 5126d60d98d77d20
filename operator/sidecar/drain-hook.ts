import { httpOrigin } from "../api/http-origin.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";

export interface DrainOptions {
  /** The worker's health path, at each address where the worker may listen. */
  readonly healthUrls: readonly string[];
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

const LOOK_INTERVAL_MS = 250;
/** One look may miss a launch that is on its way. */
const IDLE_LOOKS = 2;
/** Of one look. Real time: it is about the machine, not about the sessions. */
const LOOK_TIMEOUT_MS = 2_000;

/** A worker may listen on the loopback address of one IP family alone. */
export function localHealthUrls(port: number): readonly string[] {
  return ["127.0.0.1", "::1"].map((address) => `${httpOrigin(address, port)}/health`);
}

/**
 * Waits until the worker has no session left: two looks in a row say so, or nothing listens on its port any more.
 * A worker that answers nothing understandable may still have sessions, so it is waited for.
 * @returns `aborted` when the signal came first.
 */
export async function drainWorker({ healthUrls, clock, signal }: DrainOptions): Promise<"drained" | "gone" | "aborted"> {
  let idleLooks = 0;
  while (!signal.aborted) {
    const seen = await look(healthUrls, signal);
    if (seen === "gone") return "gone";
    idleLooks = seen === 0 ? idleLooks + 1 : 0;
    if (idleLooks >= IDLE_LOOKS) return "drained";
    await sleep(clock, LOOK_INTERVAL_MS, signal);
  }
  return "aborted";
}

/** What the worker answers at the first address where it listens; `gone` when it refuses connections at all of them. */
async function look(healthUrls: readonly string[], signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  for (const healthUrl of healthUrls) {
    const seen = await lookAt(healthUrl, signal);
    if (seen !== "gone") return seen;
  }
  return "gone";
}

/** The sessions that the worker reports, `gone` when nothing can listen there, `unknown` for anything else. */
async function lookAt(healthUrl: string, signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  try {
    const response = await fetch(healthUrl, { signal: AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]) });
    const body: unknown = await response.json();
    const sessions = typeof body === "object" && body !== null && "active_sessions" in body ? body.active_sessions : undefined;
    return typeof sessions === "number" ? sessions : "unknown";
  } catch (error) {
    return isNobodyThere(error) ? "gone" : "unknown";
  }
}

/** The connection was refused, or the machine has no such IP family. */
const NOBODY_THERE = new Set(["ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH"]);

function isNobodyThere(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && NOBODY_THERE.has(String(cause.code));
}
