import type { Clock } from "../../runtime/clock.ts";
import type { Worker } from "../workers/worker.ts";
import type { SessionPoller } from "./session-poller.ts";

/** A poll of a pool serves all requests within this time. */
const FRESH_MS = 1_000;
const MAX_CONCURRENT = 32;
/** Limits on the workers polled for one request and on the time that takes. Beyond them the result is incomplete. */
const MAX_WORKERS = 500;
const LIMIT_MS = 4_000;

interface PoolPoll {
  readonly startedMs: number;
  readonly complete: Promise<boolean>;
}

export interface BulkPollerDeps {
  readonly clock: Clock;
  readonly poller: Pick<SessionPoller, "poll">;
  readonly workersOf: (pool: string) => Iterable<Worker>;
}

/** Polls many workers for a request, a few at a time. Requests at the same time share one poll. */
export class BulkPoller {
  readonly #deps: BulkPollerDeps;
  /** Bounded: known pools. */
  readonly #polls = new Map<string, PoolPoll>();

  constructor(deps: BulkPollerDeps) {
    this.#deps = deps;
  }

  /** Polls all ready workers of a pool, busy workers first. @returns whether every worker answered. */
  pool(key: string): Promise<boolean> {
    const nowMs = this.#deps.clock.now();
    const known = this.#polls.get(key);
    if (known !== undefined && nowMs - known.startedMs < FRESH_MS) return known.complete;
    const ready = [...this.#deps.workersOf(key)].filter((worker) => worker.ready);
    const complete = this.workers(ready.sort((a, b) => Number(b.busy) - Number(a.busy)));
    this.#polls.delete(key);
    this.#polls.set(key, { startedMs: nowMs, complete });
    return complete;
  }

  /** Polls these workers. @returns whether every worker answered. */
  async workers(workers: readonly Worker[]): Promise<boolean> {
    const { clock, poller } = this.#deps;
    const untilMs = clock.now() + LIMIT_MS;
    const waiting = workers.slice(0, MAX_WORKERS);
    let complete = waiting.length === workers.length;
    const pollNext = async (): Promise<void> => {
      for (let worker = waiting.shift(); worker !== undefined; worker = waiting.shift()) {
        if (clock.now() >= untilMs || !(await poller.poll(worker))) complete = false;
      }
    };
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, pollNext));
    return complete;
  }
}
