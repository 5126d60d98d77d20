import type { Clock } from "../../runtime/clock.ts";
import { FairQueue } from "./fair-queue.ts";
import type { QueuedLaunch, QueueExit, QueueRequest, QueueResult } from "./queued-launch.ts";

/** Number of grants that the estimate of `Retry-After` uses. */
const MAX_GRANTS = 32;

/**
 * Launches of one pool that wait for a slot: bounded, each with a deadline. Clients take turns. The launches of one client are
 * served in the order of their arrival, each by the first slot that can serve it.
 * Call {@link wake} whenever a slot may have become free.
 *
 * If the queue is full, a launch of a client with fewer queued launches displaces the newest launch of the client with the most.
 * Otherwise one client could keep all others out. A launch that had a slot and lost it is queued again even if the queue is full,
 * and no other launch displaces it. The number of launches that hold slots limits the excess.
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

  /** Number of queued launches by preset. */
  byWant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { want } of this.#waiting.all()) counts.set(want, (counts.get(want) ?? 0) + 1);
    return counts;
  }

  /** @param limits `signal` aborts when all clients of the launch are gone. */
  wait<Exit = never>(
    request: QueueRequest<Slot, Exit>,
    limits: { readonly length: number; readonly signal: AbortSignal },
  ): Promise<QueueResult<Slot, Exit>> {
    if (limits.signal.aborted) return Promise.resolve({ kind: "cancelled" });
    if (request.deadlineMs <= this.#clock.now()) return Promise.resolve({ kind: "deadline" });
    if (!this.#hasRoom(request, limits.length)) return Promise.resolve({ kind: "queue-full" });
    return new Promise((resolve) => {
      const settle = (result: QueueResult<Slot, Exit>): void => {
        timer.cancel();
        stopChecks?.();
        limits.signal.removeEventListener("abort", cancel);
        this.#waiting.remove(launch);
        resolve(result);
      };
      const cancel = (): void => settle({ kind: "cancelled" });
      const launch: QueuedLaunch<Slot> = { ...request, settle };
      const stopChecks = request.exit && this.#check(request.exit, (exit) => settle({ kind: "left", exit }));
      const timer = this.#clock.schedule(request.deadlineMs - this.#clock.now(), () => settle({ kind: "deadline" }));
      limits.signal.addEventListener("abort", cancel, { once: true });
      this.#waiting.add(launch);
      request.onQueued?.();
    });
  }

  /** Grants free slots to queued launches. If one launch finds no slot, others with the same `want` are skipped. */
  wake(): void {
    const unmet = new Set<string>();
    for (let launch = this.#waiting.next(unmet); launch !== undefined; launch = this.#waiting.next(unmet)) {
      const slot = launch.take();
      if (slot === undefined) {
        unmet.add(launch.want);
        continue;
      }
      this.#recordGrant(this.#clock.now());
      this.#waiting.served(launch);
      launch.settle({ kind: "granted", slot });
    }
  }

  /** Ends every wait with an error. */
  close(error: Error): void {
    for (const launch of [...this.#waiting.all()]) launch.settle({ kind: "closed", error });
  }

  /** @returns a function that stops the checks. */
  #check<Exit>({ fromMs, everyMs, take }: QueueExit<Exit>, leave: (exit: Exit) => void): () => void {
    const check = (): void => {
      const exit = take();
      if (exit === undefined) timer = this.#clock.schedule(everyMs, check);
      else leave(exit);
    };
    let timer = this.#clock.schedule(Math.max(0, fromMs - this.#clock.now()), check);
    return () => timer.cancel();
  }

  /** A queue of length 0 accepts no launch. */
  #hasRoom({ again, client }: QueueRequest<Slot, unknown>, length: number): boolean {
    return this.#waiting.size < length || (again && length > 0) || this.#displace(client);
  }

  #displace(client: string): boolean {
    const displaced = this.#waiting.newestOfLongest(client);
    displaced?.settle({ kind: "queue-full" });
    return displaced !== undefined;
  }

  #recordGrant(grantMs: number): void {
    this.#grantsMs.push(grantMs);
    if (this.#grantsMs.length > MAX_GRANTS) this.#grantsMs.shift();
  }
}
