import type { Clock } from "../runtime/clock.ts";
import { startDeadline } from "../runtime/deadline.ts";

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
