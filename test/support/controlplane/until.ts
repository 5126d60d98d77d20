import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;

/** The awaited state did not occur in time. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Polls `probe` until it returns true. An error of the probe counts as false.
 *
 * @throws after `limitMs`, with the probe's last error as cause, or immediately when `signal` aborts.
 */
export async function until(what: string, limitMs: number, probe: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  const endMs = performance.now() + limitMs;
  let cause: unknown;
  while (performance.now() < endMs) {
    try {
      if (await probe()) return;
    } catch (error) {
      cause = error;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new TimeoutError(`waited ${limitMs / 1000} s for ${what} without success`, { cause });
}
