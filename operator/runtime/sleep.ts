import type { Clock } from "./clock.ts";

/** Waits `delayMs`, or less if `signal` aborts. Never rejects: the caller checks the signal afterwards. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      timer.cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = clock.schedule(delayMs, wake);
    signal?.addEventListener("abort", wake, { once: true });
  });
}
