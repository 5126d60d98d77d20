import type { Clock } from "../../runtime/clock.ts";

/** Sequence numbers that follow the clock, so that the numbers of two gateways are in order up to the clock error. */
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
