import type { Clock } from "../../operator/runtime/clock.ts";

/** A process of the product on a machine whose wall clock is wrong. Its own clock follows that only when it starts. */
export class SimProcess {
  readonly name: string;
  /** False once it was killed: what it sent may still arrive, and nothing reaches it. */
  alive = true;
  readonly clock: Clock;

  constructor(name: string, base: Clock, wrongByMs: number) {
    this.name = name;
    this.clock = { now: () => base.now() + wrongByMs, schedule: (delayMs, callback) => base.schedule(delayMs, callback) };
  }
}
