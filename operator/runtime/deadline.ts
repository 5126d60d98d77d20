import type { Clock } from "./clock.ts";

/** A signal that ends with a piece of work; `cancel` frees its timer and must be called. */
export interface Deadline {
  readonly signal: AbortSignal;
  cancel(): void;
}

/** Aborts after `timeoutMs`, with a `TimeoutError`, or with `outer` and its reason, whichever comes first. */
export function startDeadline(clock: Clock, timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  if (outer?.aborted) onAbort();
  const timer = clock.schedule(timeoutMs, () => {
    controller.abort(new DOMException(`not finished after ${timeoutMs} ms`, "TimeoutError"));
  });
  return {
    signal: controller.signal,
    cancel() {
      timer.cancel();
      outer?.removeEventListener("abort", onAbort);
    },
  };
}
