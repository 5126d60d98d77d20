import { httpOrigin } from "../api/http-origin.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";

export interface DrainOptions {
  /** Base URLs of the worker, one for each address on which it may listen. */
  readonly workerUrls: readonly string[];
  readonly clock: Clock;
  /** When the sessions that are left are ended, in ms since 1970. */
  readonly deadlineMs: number;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

const CHECK_INTERVAL_MS = 250;
/** One check may miss a launch in flight. */
const IDLE_CHECKS = 2;
/** Time limit of one check. Uses real time, because it limits the machine and not the sessions. */
const CHECK_TIMEOUT_MS = 2_000;
/** How long sessions that were told to end may take. The worker gets SIGTERM afterwards. */
const END_LIMIT_MS = 5_000;

export type DrainOutcome = "drained" | "expired" | "gone" | "aborted";

/** A worker may listen on the loopback address of only one IP family. */
export function localWorkerUrls(port: number): readonly string[] {
  return ["127.0.0.1", "::1"].map((address) => httpOrigin(address, port));
}

/**
 * Waits until the worker has no session: two consecutive checks report none, or nothing listens on its port. A worker with an
 * unknown answer may still have sessions, so the wait continues. At the deadline, the sessions that are left are told to end.
 * @returns `expired` if sessions were left at the deadline, `aborted` if the signal aborts first.
 */
export async function drainWorker(options: DrainOptions): Promise<DrainOutcome> {
  const { workerUrls, clock, deadlineMs, signal } = options;
  const outcome = await waitForIdle(options, deadlineMs);
  if (outcome !== "expired") return outcome;
  await endSessions(workerUrls, signal);
  const ended = await waitForIdle(options, clock.now() + END_LIMIT_MS);
  return ended === "drained" ? "expired" : ended;
}

async function waitForIdle({ workerUrls, clock, signal }: DrainOptions, untilMs: number): Promise<DrainOutcome> {
  let idleChecks = 0;
  while (!signal.aborted) {
    const seen = await check(workerUrls, signal);
    if (seen === "gone") return "gone";
    idleChecks = seen === 0 ? idleChecks + 1 : 0;
    if (idleChecks >= IDLE_CHECKS) return "drained";
    const leftMs = untilMs - clock.now();
    if (leftMs <= 0) return "expired";
    await sleep(clock, Math.min(CHECK_INTERVAL_MS, leftMs), signal);
  }
  return "aborted";
}

/** Asks the worker to end its sessions, so that their rooms see the avatar leave. A worker that does not answer gets SIGTERM. */
async function endSessions(workerUrls: readonly string[], signal: AbortSignal): Promise<void> {
  const lists = workerUrls.map(async (url) => {
    const ids = await activeTasks(url, signal);
    await Promise.allSettled(ids.map((id) => ask(`${url}/tasks/${encodeURIComponent(id)}/stop`, signal, "POST")));
  });
  await Promise.allSettled(lists);
}

async function activeTasks(url: string, signal: AbortSignal): Promise<readonly string[]> {
  const { tasks } = (await (await ask(`${url}/tasks`, signal)).json()) as { readonly tasks?: readonly Partial<Task>[] };
  return (tasks ?? []).flatMap(({ task_id: id, state }) => (id !== undefined && ACTIVE.has(state ?? "") ? [id] : []));
}

/** A session in the list of the worker. */
interface Task {
  readonly task_id: string;
  readonly state: string;
}

const ACTIVE = new Set(["pending", "running"]);

function ask(url: string, signal: AbortSignal, method = "GET"): Promise<Response> {
  return fetch(url, { method, signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]) });
}

/** The answer of the worker at the first address on which it listens; `gone` if it refuses connections at all of them. */
async function check(workerUrls: readonly string[], signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  for (const url of workerUrls) {
    const seen = await checkAt(`${url}/health`, signal);
    if (seen !== "gone") return seen;
  }
  return "gone";
}

/** The number of sessions that the worker reports, `gone` if nothing listens there, `unknown` otherwise. */
async function checkAt(healthUrl: string, signal: AbortSignal): Promise<number | "gone" | "unknown"> {
  try {
    const body: unknown = await (await ask(healthUrl, signal)).json();
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
