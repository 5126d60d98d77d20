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
