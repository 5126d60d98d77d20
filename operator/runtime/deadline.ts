import type { Clock } from "./clock.ts";

/** A signal for one piece of work. `cancel` frees its timer and must be called. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Restarts the timeout from now. */
  restart(timeoutMs: number): void;
  cancel(): void;
}

/** Aborts after `timeoutMs`, with a `TimeoutError`, or with `outer` and its reason, whichever comes first. */
export function startDeadline(clock: Clock, timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onAbort, { once: true });
  if (outer?.aborted) onAbort();
  const start = (ms: number) => clock.schedule(ms, () => controller.abort(timedOut(ms)));
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
 * Runs a task with a signal that aborts on timeout or when `outer` aborts. It ends then, even if the task ignores its signal.
 * @throws the signal's reason (see {@link isTimeout}), or the task's error.
 */
export function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const free = (): void => {
      timer.cancel();
      outer?.removeEventListener("abort", onAbort);
    };
    const end = (reason: unknown): void => {
      free();
      controller.abort(reason);
      reject(reason);
    };
    const onAbort = (): void => end(outer?.reason);
    const timer = clock.schedule(limitMs, () => end(timedOut(limitMs)));
    outer?.addEventListener("abort", onAbort, { once: true });
    if (outer?.aborted) onAbort();
    task(controller.signal).then(resolve, reject).finally(free);
  });
}

function timedOut(limitMs: number): DOMException {
  return new DOMException(`no data for ${limitMs} ms`, "TimeoutError");
}

export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
