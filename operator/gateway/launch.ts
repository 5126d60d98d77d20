import { type PoolConfig, poolKey } from "../api/pool-config.ts";
import type { LaunchRequest } from "../engines/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { GatewayMetrics } from "../telemetry/metrics.ts";
import { taskId, type WorkerAnswer } from "../workers/answers.ts";
import type { WorkerClient } from "../workers/client.ts";
import { presetOf } from "./admit.ts";
import { type Forwarded, forward } from "./forward.ts";
import { type BodyFor, launchBodies } from "./launch-body.ts";
import type { LaunchTrace } from "./launch-trace.ts";
import type { LoadBook, Shortage } from "./load-book.ts";
import { clientGone, deadlineExceeded, queueFull, workerBroke, workerRejected, workerTimedOut } from "./refusals.ts";
import type { Slot, Slots } from "./slots.ts";
import type { StartupWatch } from "./startup.ts";
import type { TraceContext } from "./trace-context.ts";

export interface Arrival {
  /** Place among all launches of this gateway. */
  readonly order: number;
  /** Name of the token that it came with; empty where the pool asks for none. */
  readonly client: string;
  /** Headers by which whoever traces the launch finds it again at the worker. */
  readonly traceContext: TraceContext;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  readonly trace: LaunchTrace;
}

export interface LauncherDeps {
  readonly clock: Clock;
  readonly client: WorkerClient;
  readonly slots: Slots;
  readonly load: LoadBook;
  readonly metrics: GatewayMetrics;
  readonly startups: StartupWatch;
  /** Ends what goes on after the answer. */
  readonly signal: AbortSignal;
}

/** One launch on its way. */
interface Flight {
  readonly pool: PoolConfig;
  readonly key: string;
  readonly preset: string | undefined;
  readonly bodyFor: BodyFor;
  readonly arrival: Arrival;
  readonly met: (shortage: Shortage) => void;
}

/**
 * Finds a slot for a launch and starts the session there.
 *
 * Flow: take a free slot, or wait for one; send the launch; on a 503 or a refused connection, where nothing can have begun,
 * take the next worker at once. After `attempts` workers in a row the launch waits at its place in the queue until a
 * probe has seen a free slot: a client that is refused gives up after 4 s, one that waits does not.
 * Guarantees: at most one worker can have begun a session; every slot that was taken is released or confirmed; it ends, as
 * each round tries at most `attempts` workers, and no new round begins after the queue's deadline.
 */
export class Launcher {
  readonly #deps: LauncherDeps;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
  }

  /**
   * @returns the answer of the worker that took the launch.
   * @throws LaunchError when no session came of it, or none that we know of.
   */
  async launch(pool: PoolConfig, request: LaunchRequest, arrival: Arrival): Promise<WorkerAnswer> {
    const key = poolKey(pool);
    const preset = presetOf(request);
    const bodyFor = launchBodies(pool, request, arrival.traceContext);
    const flight: Flight = { pool, key, preset, bodyFor, arrival, met: this.#deps.load.pressureOf(key, preset) };
    const tried = new Set<string>();
    for (;;) {
      const slot = await this.#slotFor(flight, tried);
      const forwarded = await this.#send(slot, flight);
      const answer = this.#settle(slot, forwarded, flight);
      if (answer !== undefined) return answer;
      tried.add(slot.worker.uid);
    }
  }

  async #slotFor(flight: Flight, tried: Set<string>): Promise<Slot> {
    const { arrival, pool, preset } = flight;
    if (arrival.signal.aborted) throw clientGone();
    if (tried.size < pool.launch.attempts) {
      const slot = this.#deps.slots.take(pool, preset, tried);
      if (slot !== undefined) {
        arrival.trace.path ??= slot.loaded ? "warm" : "cold";
        return slot;
      }
    }
    const slot = await this.#wait(flight);
    tried.clear();
    return slot;
  }

  async #wait(flight: Flight): Promise<Slot> {
    const { clock, slots, load, metrics } = this.#deps;
    const { key, pool, preset, arrival, met } = flight;
    const { trace, signal, order } = arrival;
    const queue = slots.queue(key);
    const sinceMs = clock.now();
    const onQueued = (): void => {
      trace.path = "queued";
      met("waited");
    };
    const deadlineMs = trace.arrivedMs + pool.launch.queueDeadlineMs;
    const take = (): Slot | undefined => slots.takeQueued(key, preset);
    const outcome = await queue.wait(
      { order, want: preset ?? "", deadlineMs, take, onQueued },
      { length: pool.launch.queueLength, signal },
    );
    trace.waitedMs += clock.now() - sinceMs;
    load.changed(key);
    switch (outcome.kind) {
      case "granted":
        metrics.queueSeconds.observe({ namespace: pool.namespace, pool: pool.name }, (clock.now() - sinceMs) / 1_000);
        return this.#stillWanted(outcome.slot, flight);
      case "cancelled":
        throw clientGone();
      case "refused":
        throw outcome.error;
      case "queue-full":
        met("refused");
        throw queueFull(pool, this.#retryState(flight));
      case "deadline":
        met("refused");
        throw deadlineExceeded(pool, slots.shortage(pool, preset), this.#retryState(flight));
    }
  }

  /** The client may have gone in the moment in which its turn came. */
  #stillWanted(slot: Slot, flight: Flight): Slot {
    if (!flight.arrival.signal.aborted) return slot;
    slot.release();
    this.#deps.slots.wake(flight.key);
    throw clientGone();
  }

  async #send(slot: Slot, flight: Flight): Promise<Forwarded> {
    const { clock } = this.#deps;
    const { trace } = flight.arrival;
    const { worker } = slot;
    const sentMs = clock.now();
    trace.attempts += 1;
    trace.worker = worker.name;
    this.#deps.load.changed(flight.key);
    const { origin } = worker;
    const { engine, group } = worker.record;
    const forwarded: Forwarded =
      origin === undefined
        ? { kind: "unreachable" }
        : await forward(this.#deps, { origin, path: engine.paths.launch }, flight.bodyFor(engine, group));
    trace.forwardMs += clock.now() - sentMs;
    return forwarded;
  }

  /** Books the outcome. @returns the answer, or undefined when the next worker may be tried. */
  #settle(slot: Slot, forwarded: Forwarded, flight: Flight): WorkerAnswer | undefined {
    const { slots, load } = this.#deps;
    const { worker } = slot;
    switch (forwarded.kind) {
      case "accepted":
        slot.confirm();
        load.changed(flight.key);
        void this.#followStartup(slot, forwarded.answer, flight);
        return forwarded.answer;
      case "busy":
        this.#noteBusy(forwarded.reason, flight);
        worker.failed(forwarded.reason === "at_capacity" ? "full" : "not-ready");
        slot.release();
        return undefined;
      case "unreachable":
        worker.failed("not-ready");
        slot.release();
        return undefined;
      case "rejected":
        slot.release();
        slots.wake(flight.key);
        throw workerRejected(worker.name, forwarded.status, forwarded.message);
      case "broken":
        worker.failed("not-ready");
        slot.confirm();
        throw workerBroke(worker.name, forwarded.why);
      case "timed-out":
        worker.failed("timed-out");
        slot.confirm();
        throw workerTimedOut(worker.name);
    }
  }

  #noteBusy(reason: string, { pool, met }: Flight): void {
    this.#deps.metrics.worker503.inc({ namespace: pool.namespace, pool: pool.name, reason });
    met("worker503");
  }

  async #followStartup(slot: Slot, answer: WorkerAnswer, flight: Flight): Promise<void> {
    const { startups, clock, load, metrics, signal } = this.#deps;
    const { pool, preset, key, arrival } = flight;
    const { arrivedMs, path } = arrival.trace;
    const { origin, record } = slot.worker;
    const id = taskId(answer);
    if (id === undefined || origin === undefined) return;
    if (!(await startups.runs({ origin, path: `${record.engine.paths.tasks}/${id}` }, signal))) return;
    const startupMs = clock.now() - arrivedMs;
    if (preset !== undefined) slot.worker.noteServed(preset);
    metrics.startupSeconds.observe({ namespace: pool.namespace, pool: pool.name, path: path ?? "cold" }, startupMs / 1_000);
    load.started(key, startupMs);
  }

  #retryState({ key, pool, preset }: Flight) {
    const queue = this.#deps.slots.queue(key);
    return { nowMs: this.#deps.clock.now(), waiting: queue.length, grantsMs: queue.grantsMs, pool, preset };
  }
}
