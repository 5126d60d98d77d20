import type { Logger } from "../telemetry/logger.ts";
import type { OperatorMetrics } from "../telemetry/operator-metrics.ts";
import type { Clock, Random } from "./clock.ts";
import { type Outcome, TerminalError } from "./outcome.ts";
import { type QueueMetrics, WorkQueue } from "./queue.ts";

/** A safety limit, far above the number of reconciled objects of one kind in any cluster. */
const maxKeys = 100_000;

const outcomes = ["await-change", "requeue", "error", "terminal", "stopped"] as const;

export interface ControllerOptions {
  /** Label in metrics and logs. */
  readonly name: string;
  /**
   * Moves one object towards its desired state. It receives a key and never an event, reads the current state, and may be called
   * at any time, also for a deleted object. `signal` aborts when the controller stops.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** Maximum number of concurrent reconciles, each of a different key. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Pick<OperatorMetrics, "reconciles" | "workqueue">;
}

/**
 * Calls `reconcile` for enqueued keys.
 *
 * Expected flow: watches enqueue keys. Each of `concurrency` loops takes a key, reconciles it and handles the outcome.
 *
 * Guarantees
 * - A key is never reconciled twice concurrently. A key that is enqueued during its reconcile is reconciled again afterwards.
 * - A reconcile that throws is retried with a growing delay. A `TerminalError` is only logged; the next change retries.
 * - `run` throws no error of `reconcile`.
 * - After the signal no reconcile starts, and `run` resolves when the running reconciles have ended.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { clock, random, name, metrics } = options;
    this.#queue = new WorkQueue(clock, random, { maxKeys, metrics: metrics && queueMetrics(name, metrics.workqueue) });
    for (const outcome of outcomes) metrics?.reconciles.inc({ controller: name, outcome }, 0);
    metrics?.workqueue.running.set(name, () => this.#queue.processingMs.map((ms) => ms / 1_000));
  }

  enqueue(key: string): void {
    this.#noteFull(key, this.#queue.add(key));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#work(signal)));
    this.#queue.stop();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.next(signal);
      if (key === undefined) return;
      await this.#reconcileOne(key, signal);
      this.#queue.done(key);
    }
  }

  async #reconcileOne(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconcile, logger, metrics } = this.#options;
    let label: (typeof outcomes)[number];
    try {
      const outcome = await reconcile(key, signal);
      label = outcome.kind;
      this.#queue.forget(key);
      if (outcome.kind === "requeue") this.#queue.addAfter(key, outcome.afterMs);
    } catch (error) {
      // An error that the stop causes is not a failure of the object.
      label = signal.aborted ? "stopped" : error instanceof TerminalError ? "terminal" : "error";
      if (label === "error") {
        logger.warn({ controller: name, key, err: error }, "reconcile failed, retrying");
        this.#queue.addWithBackoff(key);
      } else if (label === "terminal") {
        logger.error({ controller: name, key, err: error }, "reconcile failed permanently; retrying when the object changes");
        this.#queue.forget(key);
      }
    }
    metrics?.reconciles.inc({ controller: name, outcome: label });
  }

  #noteFull(key: string, taken: boolean): void {
    if (!taken) this.#options.logger.warn({ controller: this.#options.name, key }, "key dropped: the queue is full");
  }
}

/** The metrics of a queue, which start at zero. */
function queueMetrics(name: string, metrics: OperatorMetrics["workqueue"]): QueueMetrics {
  const of = { name };
  metrics.depth.set(of, 0);
  metrics.adds.inc(of, 0);
  metrics.retries.inc(of, 0);
  return {
    depth: (keys) => metrics.depth.set(of, keys),
    added: () => metrics.adds.inc(of),
    retried: () => metrics.retries.inc(of),
    taken: (waitedMs) => metrics.queueSeconds.observe(of, waitedMs / 1_000),
    done: (workedMs) => metrics.workSeconds.observe(of, workedMs / 1_000),
  };
}
