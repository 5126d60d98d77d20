import type { Clock } from "../../runtime/clock.ts";
import { Lanes } from "./fair-queue.ts";
import type { Entry, Waited, Waiting } from "./waiting.ts";

/** How many grants are remembered for the estimate of `Retry-After`. */
const REMEMBERED_GRANTS = 32;

/**
 * Launches of one pool that wait for a slot: bounded, each with its deadline. Clients are served in turn, the launches of
 * one client in the order of their arrival, each by the first slot that can serve it.
 * {@link wake} must be called whenever a slot may have become free.
 *
 * If the queue is full, a client with fewer waiting launches takes the place of the newest launch of the client that has most.
 * Otherwise one client that sends without end would keep all others out. A launch that had a slot and lost it returns to its
 * place even if the queue is full, and no other launch takes that place: the launches that hold slots bound the excess.
 */
export class LaunchQueue<Slot> {
  readonly #clock: Clock;
  readonly #lanes = new Lanes<Slot>();
  readonly #grantsMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#lanes.size;
  }

  /** Unix times in ms of the last grants, oldest first. */
  get grantsMs(): readonly number[] {
    return this.#grantsMs;
  }

  /** Launches that wait, by what they want. */
  byWant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { want } of this.#lanes.all()) counts.set(want, (counts.get(want) ?? 0) + 1);
    return counts;
  }

  /** Waits for a slot until the deadline or until the signal says that nobody waits any more. */
  wait(waiting: Waiting<Slot>, limits: { readonly length: number; readonly signal: AbortSignal }): Promise<Waited<Slot>> {
    if (limits.signal.aborted) return Promise.resolve({ kind: "cancelled" });
    if (waiting.deadlineMs <= this.#clock.now()) return Promise.resolve({ kind: "deadline" });
    if (!this.#hasRoom(waiting, limits.length)) return Promise.resolve({ kind: "queue-full" });
    return new Promise((resolve) => {
      const settle = (outcome: Waited<Slot>): void => {
        timer.cancel();
        limits.signal.removeEventListener("abort", cancel);
        this.#lanes.remove(entry);
        resolve(outcome);
      };
      const cancel = (): void => settle({ kind: "cancelled" });
      const entry: Entry<Slot> = { ...waiting, settle };
      const timer = this.#clock.schedule(waiting.deadlineMs - this.#clock.now(), () => settle({ kind: "deadline" }));
      limits.signal.addEventListener("abort", cancel, { once: true });
      this.#lanes.add(entry);
      entry.onQueued?.();
    });
  }

  /** Hands free slots to those that wait. What one could not take is not tried for others that want the same. */
  wake(): void {
    const unmet = new Set<string>();
    for (let entry = this.#lanes.next(unmet); entry !== undefined; entry = this.#lanes.next(unmet)) {
      const slot = entry.take();
      if (slot === undefined) {
        unmet.add(entry.want);
        continue;
      }
      this.#remember(this.#clock.now());
      this.#lanes.served(entry);
      entry.settle({ kind: "granted", slot });
    }
  }

  /** Ends every wait with an error: there will be no slot. */
  refuseAll(error: Error): void {
    for (const entry of [...this.#lanes.all()]) entry.settle({ kind: "refused", error });
  }

  /** A queue of length 0 takes no launch at all. */
  #hasRoom({ again, client }: Waiting<Slot>, length: number): boolean {
    return this.#lanes.size < length || (again && length > 0) || this.#makeRoom(client);
  }

  #makeRoom(client: string): boolean {
    const displaced = this.#lanes.newestOfLongest(client);
    displaced?.settle({ kind: "queue-full" });
    return displaced !== undefined;
  }

  #remember(grantMs: number): void {
    this.#grantsMs.push(grantMs);
    if (this.#grantsMs.length > REMEMBERED_GRANTS) this.#grantsMs.shift();
  }
}
