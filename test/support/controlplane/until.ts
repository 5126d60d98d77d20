import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;

/**
 * Asks `probe` again and again until it answers true. An error of the probe counts as not yet.
 *
 * @throws after `limitMs`, with the probe's last error as cause, or the signal's reason.
 */
export async function until(what: string, limitMs: number, probe: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  const endMs = performance.now() + limitMs;
  let cause: unknown;
  while (performance.now() < endMs) {
    signal?.throwIfAborted();
    try {
      if (await probe()) return;
    } catch (error) {
      cause = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`, { cause });
}
