import type { Clock } from "../../runtime/clock.ts";
import { FairQueue } from "./fair-queue.ts";
import type { QueuedLaunch, QueueRequest, QueueResult } from "./queued-launch.ts";

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
  readonly #waiting = new FairQueue<Slot>();
  readonly #grantsMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#waiting.size;
  }

  /** Unix times in ms of the last grants, oldest first. */
  get grantsMs(): readonly number[] {
    return this.#grantsMs;
  }

  /** Launches that wait, by what they want. */
  byWant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { want } of this.#waiting.all()) counts.set(want, (counts.get(want) ?? 0) + 1);
    return counts;
  }

  /** Waits for a slot until the deadline or until the signal says that nobody waits any more. */
  wait(request: QueueRequest<Slot>, limits: { readonly length: number; readonly signal: AbortSignal }): Promise<QueueResult<Slot>> {
    if (limits.signal.aborted) return Promise.resolve({ kind: "cancelled" });
    if (request.deadlineMs <= this.#clock.now()) return Promise.resolve({ kind: "deadline" });
    if (!this.#hasRoom(request, limits.length)) return Promise.resolve({ kind: "queue-full" });
    return new Promise((resolve) => {
      const settle = (outcome: QueueResult<Slot>): void => {
        timer.cancel();
        limits.signal.removeEventListener("abort", cancel);
        this.#waiting.remove(launch);
        resolve(outcome);
      };
      const cancel = (): void => settle({ kind: "cancelled" });
      const launch: QueuedLaunch<Slot> = { ...request, settle };
      const timer = this.#clock.schedule(request.deadlineMs - this.#clock.now(), () => settle({ kind: "deadline" }));
      limits.signal.addEventListener("abort", cancel, { once: true });
      this.#waiting.add(launch);
      launch.onQueued?.();
    });
  }

  /** Hands free slots to those that wait. What one could not take is not tried for others that want the same. */
  wake(): void {
    const unmet = new Set<string>();
    for (let launch = this.#waiting.next(unmet); launch !== undefined; launch = this.#waiting.next(unmet)) {
      const slot = launch.take();
      if (slot === undefined) {
        unmet.add(launch.want);
        continue;
      }
      this.#remember(this.#clock.now());
      this.#waiting.served(launch);
      launch.settle({ kind: "granted", slot });
    }
  }

  /** Ends every wait with an error: there will be no slot. */
  refuseAll(error: Error): void {
    for (const launch of [...this.#waiting.all()]) launch.settle({ kind: "refused", error });
  }

  /** A queue of length 0 takes no launch at all. */
  #hasRoom({ again, client }: QueueRequest<Slot>, length: number): boolean {
    return this.#waiting.size < length || (again && length > 0) || this.#makeRoom(client);
  }

  #makeRoom(client: string): boolean {
    const displaced = this.#waiting.newestOfLongest(client);
    displaced?.settle({ kind: "queue-full" });
    return displaced !== undefined;
  }

  #remember(grantMs: number): void {
    this.#grantsMs.push(grantMs);
    if (this.#grantsMs.length > REMEMBERED_GRANTS) this.#grantsMs.shift();
  }
}
