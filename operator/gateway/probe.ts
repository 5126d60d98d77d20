import type { Clock, Random } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { sleep } from "../runtime/sleep.ts";
import { type Readiness, readReadiness } from "../workers/answers.ts";
import type { WorkerClient } from "../workers/client.ts";
import type { Worker } from "./worker.ts";

const INTERVAL_MS = 1_000;
/** A worker that starts is looked at more often: a launch may wait for exactly that one. */
const STARTING_INTERVAL_MS = 250;
/** The ready path answers from memory; a worker that takes longer hangs. */
const TIMEOUT_MS = 2_000;
/** Share of the interval that is random, so that probes of many workers spread. */
const JITTER = 0.2;

export interface ProbeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: WorkerClient;
  /** Called after a probe that changed what is known of the worker. */
  readonly onChanged: (worker: Worker) => void;
}

/** Asks every worker again and again whether it is ready. At most one probe of a worker is under way. */
export class Prober {
  readonly #options: ProbeOptions;
  readonly #stops = new Map<string, AbortController>();

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** Begins to probe a worker, at once. Does nothing when it is probed already. */
  watch(worker: Worker): void {
    if (this.#stops.has(worker.uid)) return;
    const stop = new AbortController();
    this.#stops.set(worker.uid, stop);
    void this.#loop(worker, stop.signal);
  }

  forget(uid: string): void {
    this.#stops.get(uid)?.abort();
    this.#stops.delete(uid);
  }

  stop(): void {
    for (const uid of [...this.#stops.keys()]) this.forget(uid);
  }

  async #loop(worker: Worker, stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const askedAt = worker.probeBegins();
      const readiness = await this.#ask(worker, stopped);
      if (stopped.aborted) return;
      if (worker.probed(askedAt, readiness)) this.#options.onChanged(worker);
      const intervalMs = worker.usable ? INTERVAL_MS : STARTING_INTERVAL_MS;
      const { clock, random } = this.#options;
      await sleep(clock, intervalMs * (1 - JITTER / 2 + JITTER * random()), stopped);
    }
  }

  async #ask(worker: Worker, stopped: AbortSignal): Promise<Readiness> {
    const { origin } = worker;
    if (origin === undefined) return { kind: "not-ready" };
    try {
      const { client, clock } = this.#options;
      const path = worker.record.engine.paths.ready;
      return readReadiness(await withDeadline(clock, TIMEOUT_MS, (signal) => client.get(origin, path, signal), stopped));
    } catch {
      // Whatever went wrong, the worker cannot be used now; the next probe comes soon.
      return { kind: "not-ready" };
    }
  }
}
