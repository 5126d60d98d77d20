import { setImmediate as nextTurn } from "node:timers/promises";
import { type Clock, checkDelay } from "../../operator/runtime/clock.ts";

/**
 * Maximum of callbacks in one turn of the event loop. Node settles every promise and `nextTick` between two immediates of
 * one turn. A separate turn for each callback would only add a poll for I/O.
 */
const CALLBACKS_A_TURN = 16;

interface Scheduled {
  readonly dueMs: number;
  /** Order of scheduling. It determines the order of callbacks that are due at the same time. */
  readonly order: number;
  readonly callback: () => void;
  done: boolean;
}

/** A clock that the test advances. */
export class FakeClock implements Clock {
  #nowMs: number;
  #scheduledSoFar = 0;
  #pending = 0;
  /** A binary heap, the earliest first: simulations schedule hundreds of thousands of callbacks. */
  readonly #heap: Scheduled[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    checkDelay(delayMs);
    if (delayMs === Number.POSITIVE_INFINITY) return { cancel: () => {} };
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#scheduledSoFar++, callback, done: false };
    this.#pending++;
    push(this.#heap, entry);
    return { cancel: () => this.#finish(entry) };
  }

  /** Callbacks that have not run yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Delay in ms until the earliest callback; undefined without a callback. */
  get nextDelayMs(): number | undefined {
    const next = this.#earliest();
    return next && next.dueMs - this.#nowMs;
  }

  /**
   * Advances time by `ms` and runs every callback that is due by then, in order, including those that callbacks schedule.
   * Promises settle before the first callback, between callbacks, and after the last one.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await nextTurn();
    while (this.#isDue(untilMs)) await this.#turn(untilMs);
    this.#nowMs = untilMs;
  }

  /** Advances time to every callback that is scheduled now and runs it. Callbacks that these schedule do not run. */
  async runPending(): Promise<void> {
    const now = this.#heap.filter(({ done }) => !done).sort(byDue);
    for (const entry of now) {
      if (entry.done) continue;
      this.#run(entry);
      await nextTurn();
    }
  }

  #isDue(untilMs: number): boolean {
    const next = this.#earliest();
    return next !== undefined && next.dueMs <= untilMs;
  }

  /** Runs the next few callbacks, each in a separate immediate. */
  #turn(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        const next = this.#earliest();
        if (next === undefined || next.dueMs > untilMs) return;
        try {
          this.#run(next);
        } catch (error) {
          reject(error);
        }
      };
      for (let callback = 0; callback < CALLBACKS_A_TURN; callback++) setImmediate(step);
      setImmediate(resolve);
    });
  }

  #run(entry: Scheduled): void {
    this.#finish(entry);
    this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
    entry.callback();
  }

  #finish(entry: Scheduled): void {
    if (entry.done) return;
    entry.done = true;
    this.#pending--;
  }

  #earliest(): Scheduled | undefined {
    while (this.#heap[0]?.done) pop(this.#heap);
    return this.#heap[0];
  }
}

function byDue(a: Scheduled, b: Scheduled): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}

function push(heap: Scheduled[], entry: Scheduled): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (byDue(heap[parent]!, entry) <= 0) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Scheduled[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && byDue(heap[right]!, heap[left]!) < 0 ? right : left;
    if (byDue(last, heap[child]!) <= 0) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
