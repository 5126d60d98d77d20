import type { Clock } from "../runtime/clock.ts";

/** How many grants are remembered for the estimate of `Retry-After`. */
const REMEMBERED_GRANTS = 32;

export interface Waiting<Slot> {
  /** Its place: launches are served in this order. A launch that comes back keeps the place of its arrival. */
  readonly order: number;
  /** What it can be served with. Two that want the same can be served by the same slots. */
  readonly want: string;
  /** Unix time in ms at which it gives up. */
  readonly deadlineMs: number;
  /** Takes a free slot for it, if there is one. Must not call back into the queue. */
  readonly take: () => Slot | undefined;
  /** Called when it does begin to wait. */
  readonly onQueued?: () => void;
}

export type Waited<Slot> =
  | { readonly kind: "granted"; readonly slot: Slot }
  | { readonly kind: "queue-full" }
  | { readonly kind: "deadline" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "refused"; readonly error: Error };

interface Entry<Slot> extends Waiting<Slot> {
  readonly settle: (outcome: Waited<Slot>) => void;
}

/**
 * Launches of one pool that wait for a slot: bounded, first come first served among those that a slot can serve, each with
 * its deadline. {@link wake} must be called whenever a slot may have become free.
 */
export class LaunchQueue<Slot> {
  readonly #clock: Clock;
  /** By `order`, lowest first. */
  readonly #entries: Entry<Slot>[] = [];
  readonly #grantsMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Unix times in ms of the last grants, oldest first. */
  get grantsMs(): readonly number[] {
    return this.#grantsMs;
  }

  /** Launches that wait, by what they want. */
  byWant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { want } of this.#entries) counts.set(want, (counts.get(want) ?? 0) + 1);
    return counts;
  }

  /** Waits for a slot until the deadline or until the signal says that nobody waits any more. */
  wait(waiting: Waiting<Slot>, limits: { readonly length: number; readonly signal: AbortSignal }): Promise<Waited<Slot>> {
    if (limits.signal.aborted) return Promise.resolve({ kind: "cancelled" });
    if (waiting.deadlineMs <= this.#clock.now()) return Promise.resolve({ kind: "deadline" });
    if (this.#entries.length >= limits.length) return Promise.resolve({ kind: "queue-full" });
    return new Promise((resolve) => {
      const settle = (outcome: Waited<Slot>): void => {
        timer.cancel();
        limits.signal.removeEventListener("abort", cancel);
        const at = this.#entries.indexOf(entry);
        if (at >= 0) this.#entries.splice(at, 1);
        resolve(outcome);
      };
      const cancel = (): void => settle({ kind: "cancelled" });
      const entry: Entry<Slot> = { ...waiting, settle };
      const timer = this.#clock.schedule(waiting.deadlineMs - this.#clock.now(), () => settle({ kind: "deadline" }));
      limits.signal.addEventListener("abort", cancel, { once: true });
      this.#insert(entry);
      entry.onQueued?.();
    });
  }

  /** Hands free slots to those that wait, in order. What one could not take is not tried for others that want the same. */
  wake(): void {
    const unmet = new Set<string>();
    for (const entry of [...this.#entries]) {
      if (unmet.has(entry.want)) continue;
      const slot = entry.take();
      if (slot === undefined) {
        unmet.add(entry.want);
        continue;
      }
      this.#remember(this.#clock.now());
      entry.settle({ kind: "granted", slot });
    }
  }

  /** Ends every wait with an error: there will be no slot. */
  refuseAll(error: Error): void {
    for (const entry of [...this.#entries]) entry.settle({ kind: "refused", error });
  }

  #insert(entry: Entry<Slot>): void {
    const later = this.#entries.findIndex(({ order }) => order > entry.order);
    this.#entries.splice(later < 0 ? this.#entries.length : later, 0, entry);
  }

  #remember(grantMs: number): void {
    this.#grantsMs.push(grantMs);
    if (this.#grantsMs.length > REMEMBERED_GRANTS) this.#grantsMs.shift();
  }
}
