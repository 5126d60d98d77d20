import type { Clock } from "../../runtime/clock.ts";
import type { Worker } from "../workers/worker.ts";
import type { SessionPoller } from "./session-poller.ts";

/** What was asked so lately is not asked again. */
const FRESH_MS = 1_000;
const AT_ONCE = 32;
/** Workers asked for one question; and how long that may take. The rest is said to be missing. */
const MAX_WORKERS = 500;
const LIMIT_MS = 4_000;

interface Asked {
  readonly atMs: number;
  readonly complete: Promise<boolean>;
}

export interface BulkPollerDeps {
  readonly clock: Clock;
  readonly poller: Pick<SessionPoller, "poll">;
  readonly workersOf: (pool: string) => Iterable<Worker>;
}

/** Asks many workers for their sessions on somebody's behalf: a few at once, and for whoever asks at the same time once. */
export class BulkPoller {
  readonly #deps: BulkPollerDeps;
  /** Bounded: known pools. */
  readonly #asked = new Map<string, Asked>();

  constructor(deps: BulkPollerDeps) {
    this.#deps = deps;
  }

  /** Asks all ready workers of a pool, those with sessions first. @returns whether every one has answered. */
  pool(key: string): Promise<boolean> {
    const nowMs = this.#deps.clock.now();
    const asked = this.#asked.get(key);
    if (asked !== undefined && nowMs - asked.atMs < FRESH_MS) return asked.complete;
    const ready = [...this.#deps.workersOf(key)].filter((worker) => worker.ready);
    const complete = this.workers(ready.sort((a, b) => Number(b.busy) - Number(a.busy)));
    this.#asked.delete(key);
    this.#asked.set(key, { atMs: nowMs, complete });
    return complete;
  }

  /** Asks these workers. @returns whether every one has answered. */
  async workers(workers: readonly Worker[]): Promise<boolean> {
    const { clock, poller } = this.#deps;
    const untilMs = clock.now() + LIMIT_MS;
    const waiting = workers.slice(0, MAX_WORKERS);
    let complete = waiting.length === workers.length;
    const askOneByOne = async (): Promise<void> => {
      for (let worker = waiting.shift(); worker !== undefined; worker = waiting.shift()) {
        if (clock.now() >= untilMs || !(await poller.poll(worker))) complete = false;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askOneByOne));
    return complete;
  }
}
