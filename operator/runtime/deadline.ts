import type { Clock } from "./clock.ts";

/** A signal that ends with a piece of work; `cancel` frees its timer and must be called. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Counts anew: from now, for so long. */
  restart(timeoutMs: number): void;
  cancel(): void;
}

/** Aborts after `timeoutMs`, with a `TimeoutError`, or with `outer` and its reason, whichever comes first. */
export function startDeadline(clock: Clock, timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  if (outer?.aborted) onAbort();
  const start = (ms: number) =>
    clock.schedule(ms, () => controller.abort(new DOMException(`nothing came for ${ms} ms`, "TimeoutError")));
  let timer = start(timeoutMs);
  return {
    signal: controller.signal,
    restart(ms) {
      timer.cancel();
      timer = start(ms);
    },
    cancel() {
      timer.cancel();
      outer?.removeEventListener("abort", onAbort);
    },
  };
}

/**
 * Runs a task with a signal that aborts when time is up or when `outer` aborts. Does not outlive either, even when the task
 * ignores its signal.
 * @throws the signal's reason (see {@link isTimeout}), or what the task throws.
 */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const deadline = startDeadline(clock, limitMs, outer);
  const { signal } = deadline;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  try {
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    return await Promise.race([task(signal), aborted.promise]);
  } finally {
    deadline.cancel();
  }
}

/** Whether an error says that time was up. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
