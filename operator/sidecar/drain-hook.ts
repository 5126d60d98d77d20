import { httpOrigin } from "../api/http-origin.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";

export interface DrainOptions {
  /** URLs of the worker's health path, one for each address on which the worker may listen. */
  readonly healthUrls: readonly string[];
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

const CHECK_INTERVAL_MS = 250;
/** One check may miss a launch in flight. */
const IDLE_CHECKS = 2;
/** Time limit of one check. Uses real time, because it limits the machine and not the sessions. */
const CHECK_TIMEOUT_MS = 2_000;

/** A worker may listen on the loopback address of only one IP family. */
export function localHealthUrls(port: number): readonly string[] {
  return ["127.0.0.1", "::1"].map((address) => `${httpOrigin(address, port)}/health`);
}

/**
 * Waits until the worker has no session: two consecutive checks report none, or nothing listens on its port. A worker with an
 * unknown answer may still have sessions, so the wait continues.
 * @returns `aborted` if the signal aborts first.
 */
export async function drainWorker({ healthUrls, clock, signal }: DrainOptions): Promise<"drained" | "gone" | "aborted"> {
  let idleChecks = 0;
  while (!signal.aborted) {
    const seen = await check(healthUrls, signal);
    if (seen === "gone") return "gone";
    idleChecks = seen === 0 ? idleChecks + 1 : 0;
    if (idleChecks >= IDLE_CHECKS) return "drained";
    await sleep(clock, CHECK_INTERVAL_MS, signal);
  }
  return "aborted";
}

/** The answer of the worker at the first address on which it listens; `gone` if it refuses connections at all of them. */
async function check(healthUrls: readonly string[], signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  for (const healthUrl of healthUrls) {
    const seen = await checkAt(healthUrl, signal);
    if (seen !== "gone") return seen;
  }
  return "gone";
}

/** The number of sessions that the worker reports, `gone` if nothing listens there, `unknown` otherwise. */
async function checkAt(healthUrl: string, signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  try {
    const response = await fetch(healthUrl, { signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]) });
    const body: unknown = await response.json();
    const sessions = typeof body === "object" && body !== null && "active_sessions" in body ? body.active_sessions : undefined;
    return typeof sessions === "number" ? sessions : "unknown";
  } catch (error) {
    return isRefused(error) ? "gone" : "unknown";
  }
}

/** The connection was refused, or the machine lacks this IP family. */
const REFUSED_CODES = new Set(["ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH"]);

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && REFUSED_CODES.has(String(cause.code));
}
