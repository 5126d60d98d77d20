import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../operator/runtime/clock.ts";

interface Scheduled {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until the test moves it. */
export class FakeClock implements Clock {
  #nowMs: number;
  /** In the order of scheduling, which decides between callbacks of one moment. */
  readonly #scheduled = new Set<Scheduled>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#scheduled.add(entry);
    return { cancel: () => this.#scheduled.delete(entry) };
  }

  /** Callbacks that have not run yet. */
  get pending(): number {
    return this.#scheduled.size;
  }

  /** Delay in ms until the earliest callback; undefined when there is none. */
  get nextDelayMs(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY);
    return next && next.dueMs - this.#nowMs;
  }

  /**
   * Moves time by `ms` and runs what falls due on the way, in order, including what those callbacks schedule.
   * Promises settle before the first callback, between two, and after the last.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await setImmediate();
    for (let next = this.#earliest(untilMs); next !== undefined; next = this.#earliest(untilMs)) await this.#run(next);
    this.#nowMs = untilMs;
  }

  /** Runs every callback that is scheduled now, moving time to each; not those that they schedule. */
  async runPending(): Promise<void> {
    const now = [...this.#scheduled].sort((a, b) => a.dueMs - b.dueMs);
    for (const entry of now) if (this.#scheduled.has(entry)) await this.#run(entry);
  }

  async #run(entry: Scheduled): Promise<void> {
    this.#scheduled.delete(entry);
    this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
    entry.callback();
    await setImmediate();
  }

  #earliest(untilMs: number): Scheduled | undefined {
    let earliest: Scheduled | undefined;
    for (const entry of this.#scheduled) {
      if (entry.dueMs <= untilMs && (earliest === undefined || entry.dueMs < earliest.dueMs)) earliest = entry;
    }
    return earliest;
  }
}
