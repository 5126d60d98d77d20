import type { Clock } from "../../runtime/clock.ts";

/** Numbers that rise with every launch. They follow the clock, so that those of two gateways are in order but for its error. */
export class Tickets {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(): number {
    this.#last = Math.max(this.#clock.now(), this.#last + 1);
    return this.#last;
  }
}
