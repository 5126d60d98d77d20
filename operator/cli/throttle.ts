import type { Clock } from "../runtime/clock.ts";

/** Runs an action at once, and then at most once per interval however often it is requested. */
export class Throttle implements Disposable {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #action: () => void;
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #timer: { cancel(): void } | undefined;

  constructor(clock: Clock, intervalMs: number, action: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#action = action;
  }

  readonly request = (): void => {
    if (this.#timer !== undefined) return;
    const waitMs = this.#nextAtMs - this.#clock.now();
    if (waitMs <= 0) this.#run();
    else this.#timer = this.#clock.schedule(waitMs, () => this.#run());
  };

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #run(): void {
    this.#timer = undefined;
    this.#nextAtMs = this.#clock.now() + this.#intervalMs;
    this.#action();
  }
}
