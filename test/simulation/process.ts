import type { Clock } from "../../operator/runtime/clock.ts";

/** A process of the product on a machine with a wrong wall clock. Its own clock reads the wall clock only at its start. */
export class SimProcess {
  readonly name: string;
  /** False after it was killed: its requests may still arrive, but it receives nothing. */
  alive = true;
  readonly clock: Clock;
  readonly #base: Clock;
  #frozenUntilMs = 0;

  constructor(name: string, base: Clock, wrongByMs: number) {
    this.name = name;
    this.#base = base;
    this.clock = { now: () => base.now() + wrongByMs, schedule: (delayMs, callback) => this.#schedule(delayMs, callback) };
  }

  /** Its machine is suspended. Timers that are due meanwhile run in order when it resumes, before any response or event. */
  freeze(forMs: number): void {
    this.#frozenUntilMs = this.#base.now() + forMs;
  }

  /** Delay until it can receive responses and events; undefined: no delay. */
  get asleep(): Promise<void> | undefined {
    const leftMs = this.#frozenUntilMs - this.#base.now();
    return leftMs <= 0 ? undefined : new Promise((resolve) => this.#base.schedule(leftMs + 1, resolve));
  }

  #schedule(delayMs: number, callback: () => void): { cancel(): void } {
    const run = () => {
      const leftMs = this.#frozenUntilMs - this.#base.now();
      if (leftMs <= 0) callback();
      else timer = this.#base.schedule(leftMs, run);
    };
    let timer = this.#base.schedule(delayMs, run);
    return { cancel: () => timer.cancel() };
  }
}
