import { JOBS } from "../../api/pool-config.ts";
import type { Worker } from "../workers/worker.ts";
import { poolOf } from "../workers/worker-table.ts";
import type { LoadBook } from "./load-book.ts";

/** Limit on the jobs that one report of a worker adds. */
const MAX_RISE = 256;

/** Counts the jobs that LiveKit dispatches to workers, as the forecast counts launches: by the rise of a worker's own number. */
export class JobArrivals {
  readonly #load: Pick<LoadBook, "arrived" | "served">;
  readonly #jobs = new WeakMap<Worker, number>();

  constructor(load: Pick<LoadBook, "arrived" | "served">) {
    this.#load = load;
  }

  /** A probe changed a worker. Every gateway sees it; only the gateway that has the worker in its share counts. */
  seen(worker: Worker): void {
    if (worker.record.engine.jobs === undefined || !worker.ready) return;
    const { sessions } = worker.reservations;
    const before = this.#jobs.get(worker) ?? sessions;
    this.#jobs.set(worker, sessions);
    if (!worker.own) return;
    const pool = poolOf(worker.record);
    for (let rise = Math.min(sessions - before, MAX_RISE); rise > 0; rise -= 1) {
      this.#load.arrived(pool, JOBS);
      this.#load.served(pool, JOBS);
    }
  }
}
