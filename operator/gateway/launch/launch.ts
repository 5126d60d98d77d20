import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import { type Backoff, fullJitterMs } from "../../runtime/backoff.ts";
import type { Random } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { taskId, type WorkerAnswer } from "../../workers/answers.ts";
import { presetOf } from "../admission/admit.ts";
import type { PeerAnswer } from "../claims/claims.ts";
import type { LaunchClaims } from "../claims/launch-claims.ts";
import type { LaunchTrace } from "../http/launch-trace.ts";
import type { TraceContext } from "../http/trace-context.ts";
import type { Overflow } from "../overflow/overflow.ts";
import { isHopeless } from "../queue/retry-after.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Slot } from "../workers/slots.ts";
import type { Worker } from "../workers/worker.ts";
import { type AttemptDeps, attempt, type Flight } from "./attempt.ts";
import { launchBodies } from "./launch-body.ts";
import { launchKey } from "./launch-key.ts";
import { LaunchOnce } from "./once.ts";
import { clientGone, deadlineExceeded, deadlineHopeless, queueFull, workersBroke } from "./refusals.ts";
import type { StartupWatch } from "./startup.ts";
import { tokenIdentity } from "./token-identity.ts";

/** The second worker is tried at once; later ones after a moment, so that many launches that fail together spread. */
const BACKOFF: Backoff = { baseMs: 25, maxMs: 400 };
/** Workers that may break off under one launch: it might be the launch that breaks them. */
const MAX_LOST = 2;

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

export interface LauncherDeps extends AttemptDeps {
  readonly random: Random;
  readonly startups: StartupWatch;
  readonly claims: LaunchClaims;
  /** Where launches go that the pool cannot serve. */
  readonly overflow: Pick<Overflow, "orElse" | "doubts">;
  /** A worker has taken a launch. */
  readonly began: Sessions["began"];
  /** Launches begin to wait in a pool. */
  readonly onAwaited: (pool: string) => void;
}

/**
 * Finds a slot for a launch and starts the session there.
 *
 * Flow: take a free slot, or wait for one; send the launch; on a 503 or a refused connection, where nothing can have begun,
 * take the next worker. After `attempts` workers in a row the launch waits at its place in the queue until a probe has
 * seen a free slot: a client that is refused gives up after 4 s, one that waits does not.
 * Guarantees: of requests for the same launch only one is served, the others get its answer; at most one worker can have
 * begun a session; every slot that was taken is released or confirmed; it ends, as each round tries at most `attempts`
 * workers, and no new round begins after the queue's deadline.
 */
export class Launcher {
  readonly #deps: LauncherDeps;
  readonly #once: LaunchOnce;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
    this.#once = new LaunchOnce(deps.clock);
  }

  /**
   * @returns the answer of the worker that took the launch.
   * @throws LaunchError when no session came of it, or none that we know of.
   */
  async launch(pool: PoolConfig, request: LaunchRequest, arrival: Arrival): Promise<WorkerAnswer> {
    const key = poolKey(pool);
    const launch = launchKey(pool, request);
    const preset = presetOf(request);
    const { trace } = arrival;
    const { answer, repeated } = await this.#once.run(launch, arrival.signal, (signal) => {
      const bodyFor = launchBodies(pool, request, arrival.traceContext);
      const flight: Flight = { pool, key, launch, preset, request, bodyFor, trace, met: this.#deps.load.arrived(key, preset) };
      return this.#deps.overflow.orElse(flight, signal, (waiting) => this.#fly(flight, { ...arrival, signal: waiting }));
    });
    if (repeated) trace.path = "repeated";
    return answer;
  }

  async #fly(flight: Flight, arrival: Arrival): Promise<WorkerAnswer> {
    const found = await this.#deps.doubts.settle(flight.launch);
    if (found !== undefined) return found;
    const tried = new Set<string>();
    const claims = this.#deps.claims.of(flight.launch, flight.request.roomName, arrival.signal);
    for (let lost = 0, again = false; lost < MAX_LOST; again = true) {
      const slot = await this.#slotFor(flight, arrival, tried, again);
      const claimed = await claims.claim(slot.worker, () => this.#giveBack(slot, flight.key));
      if (claimed.kind === "served") return claimed.answer;
      if (claimed.kind === "void") continue;
      this.#stillWanted(slot, flight.key, arrival.signal);
      const outcome = await attempt(this.#deps, slot, flight);
      this.#deps.load.changed(flight.key);
      if (outcome.kind === "served") {
        this.#deps.load.served(flight.key, flight.preset);
        this.#began(slot, outcome.answer, flight);
        return outcome.answer;
      }
      if (outcome.lost) lost += 1;
      tried.add(slot.worker.uid);
    }
    throw workersBroke(MAX_LOST);
  }

  /** What this gateway tells a peer of a launch that it had claimed; waits while it is under way. */
  async peerAnswer(launch: string): Promise<PeerAnswer> {
    const known = this.#deps.claims.defers(launch) ? undefined : this.#once.find(launch);
    const answer = known?.kind === "under-way" ? await known.answer.catch(() => undefined) : known?.answer;
    if (answer !== undefined) return { kind: "served", answer };
    return { kind: this.#deps.doubts.has(launch) || this.#deps.overflow.doubts(launch) ? "unknown" : "none" };
  }

  /** @param again whether the launch had a slot before: then the queue takes it back at its old place. */
  async #slotFor(flight: Flight, arrival: Arrival, tried: Set<string>, again: boolean): Promise<Slot> {
    const { pool, preset, trace } = flight;
    if (arrival.signal.aborted) throw clientGone();
    if (tried.size < pool.launch.attempts) {
      const slot = this.#deps.slots.take(pool, preset, tried);
      if (slot !== undefined) {
        await this.#backOff(tried.size, arrival.signal);
        trace.path ??= slot.warm ? "warm" : "cold";
        return this.#stillWanted(slot, flight.key, arrival.signal);
      }
    }
    const slot = await this.#wait(flight, arrival, again);
    tried.clear();
    return slot;
  }

  async #backOff(tries: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    if (tries > 1) await sleep(clock, fullJitterMs(tries - 2, BACKOFF, random), signal);
  }

  async #wait(flight: Flight, { order, client, signal }: Arrival, again: boolean): Promise<Slot> {
    const { clock, slots, load, metrics } = this.#deps;
    const { key, pool, preset, trace, met } = flight;
    const queue = slots.queue(key);
    const sinceMs = clock.now();
    const deadlineMs = trace.arrivedMs + pool.launch.queueDeadlineMs;
    // One that waits again does so at its old place, before those that it would be counted with.
    if (!again && isHopeless({ ...this.#retryState(flight), deadlineMs, mayGrow: () => slots.mayGrow(pool, preset) })) {
      met("refused");
      throw deadlineHopeless(pool, this.#retryState(flight));
    }
    const onQueued = (): void => {
      trace.path = "queued";
      trace.waiting = true;
      met("waited");
      if (queue.length === 1) this.#deps.onAwaited(key);
    };
    const take = (): Slot | undefined => slots.takeQueued(key, preset);
    const outcome = await queue.wait(
      { order, client, want: preset ?? "", deadlineMs, again, take, onQueued },
      { length: pool.launch.queueLength, signal },
    );
    trace.waiting = false;
    trace.waitedMs += clock.now() - sinceMs;
    load.changed(key);
    switch (outcome.kind) {
      case "granted":
        metrics.queueSeconds.observe({ namespace: pool.namespace, pool: pool.name }, (clock.now() - sinceMs) / 1_000);
        return this.#stillWanted(outcome.slot, key, signal);
      case "cancelled":
        throw clientGone();
      case "refused":
        throw outcome.error;
      case "queue-full":
        met("refused");
        throw queueFull(pool, slots.shortage(pool, preset), this.#retryState(flight));
      case "deadline":
        met("refused");
        throw deadlineExceeded(pool, slots.shortage(pool, preset), this.#retryState(flight));
    }
  }

  /** The client may have gone in the moment in which its turn came. */
  #stillWanted(slot: Slot, key: string, signal: AbortSignal): Slot {
    if (!signal.aborted) return slot;
    this.#giveBack(slot, key);
    throw clientGone();
  }

  #giveBack(slot: Slot, key: string): void {
    slot.release();
    this.#deps.slots.wake(key);
  }

  #began({ worker }: Slot, answer: WorkerAnswer, flight: Flight): void {
    const { preset, request, trace } = flight;
    const id = taskId(answer);
    if (id === undefined) return;
    const { roomName: room, livekitUrl, livekitToken } = request;
    const { arrivedMs, path = "cold" } = trace;
    const identity = tokenIdentity(livekitToken);
    this.#deps.began(worker, { taskId: id, room }, { arrivedMs, path, preset, livekitUrl, identity });
    void this.#followStartup(worker, id, answer, flight);
  }

  async #followStartup(worker: Worker, task: string, answer: WorkerAnswer, flight: Flight): Promise<void> {
    const { startups, clock, load, metrics } = this.#deps;
    const { pool, preset, key, trace } = flight;
    const { arrivedMs, path } = trace;
    const { origin, record } = worker;
    if (origin === undefined) return;
    const acceptedMs = clock.now();
    const needed = preset !== undefined && !worker.hasServed(preset);
    const ranMs = await startups.ran({ pool: key, origin, path: `${record.engine.paths.tasks}/${task}`, answer, needed });
    if (ranMs === undefined) return;
    const startupMs = ranMs - arrivedMs;
    if (preset !== undefined) worker.noteServed(preset);
    const labels = { namespace: pool.namespace, pool: pool.name };
    metrics.startupSeconds.observe({ ...labels, path: path ?? "cold" }, startupMs / 1_000);
    metrics.stageSeconds.observe({ ...labels, stage: "worker" }, (ranMs - acceptedMs) / 1_000);
    load.started(key, startupMs, path === "queued" ? undefined : worker.uid);
  }

  #retryState({ key, pool, preset }: Flight) {
    const queue = this.#deps.slots.queue(key);
    return { nowMs: this.#deps.clock.now(), waiting: queue.length, grantsMs: queue.grantsMs, pool, preset };
  }
}
