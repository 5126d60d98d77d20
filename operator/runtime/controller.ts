import type { Logger } from "../telemetry/logger.ts";
import type { OperatorMetrics } from "../telemetry/metrics.ts";
import type { Clock, Random } from "./clock.ts";
import { type Outcome, TerminalError } from "./outcome.ts";
import { WorkQueue } from "./queue.ts";

/** More keys than any cluster has objects of one kind that we reconcile; a fuse, not a tuning knob. */
const maxKeys = 100_000;

export interface ControllerOptions {
  /** Label of its metrics and logs. */
  readonly name: string;
  /**
   * Brings one object nearer to its wish. It gets a key and never an event, looks at the world as it is, and may be called
   * at any time, for a key that no longer exists too. `signal` aborts when the controller stops.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** Reconciles at once, each of another key. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Pick<OperatorMetrics, "reconciles" | "reconcileSeconds" | "queueLength">;
}

/**
 * Calls `reconcile` for enqueued keys.
 *
 * Expected flow: watches enqueue keys; each of `concurrency` loops takes one, reconciles it and acts on the outcome.
 *
 * Guarantees
 * - One key is never reconciled twice at once; a key enqueued during its reconcile is reconciled again afterwards.
 * - A reconcile that throws is tried again with a growing delay; a `TerminalError` is only logged and waits for a change.
 * - Nothing that `reconcile` throws leaves `run`.
 * - After the signal no reconcile starts, and `run` resolves when the running ones have ended.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options.clock, options.random, { maxKeys });
  }

  enqueue(key: string): void {
    this.#noteFull(key, this.#queue.add(key));
  }

  /** Enqueues the key in `delayMs`; an earlier wish for the same key stays. */
  enqueueAfter(key: string, delayMs: number): void {
    this.#noteFull(key, this.#queue.addAfter(key, delayMs));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#work(signal)));
    this.#queue.stop();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.next(signal);
      if (key === undefined) return;
      this.#gaugeLength();
      await this.#reconcileOne(key, signal);
      this.#queue.done(key);
    }
  }

  async #reconcileOne(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconcile, clock, logger, metrics } = this.#options;
    const startMs = clock.now();
    let label: Outcome["kind"] | "error" | "terminal" | "stopped";
    try {
      const outcome = await reconcile(key, signal);
      label = outcome.kind;
      this.#queue.forget(key);
      if (outcome.kind === "requeue") this.#queue.addAfter(key, outcome.afterMs);
    } catch (error) {
      // What breaks because we are stopping is no failure of the object.
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
    metrics?.reconcileSeconds.observe({ controller: name }, (clock.now() - startMs) / 1000);
  }

  #noteFull(key: string, taken: boolean): void {
    if (!taken) this.#options.logger.warn({ controller: this.#options.name, key }, "key dropped: the queue is full");
    this.#gaugeLength();
  }

  #gaugeLength(): void {
    this.#options.metrics?.queueLength.set({ controller: this.#options.name }, this.#queue.size);
  }
}
