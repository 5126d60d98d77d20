import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import { type Backoff, fullJitterMs } from "../../runtime/backoff.ts";
import type { Random } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { taskId, type WorkerAnswer } from "../../workers/answers.ts";
import { presetOf } from "../admission/admit.ts";
import type { PeerAnswer } from "../claims/claims.ts";
import type { LaunchClaims } from "../claims/launch-claims.ts";
import { clientGone } from "../errors.ts";
import type { Overflow } from "../overflow/overflow.ts";
import { isHopeless } from "../queue/retry-after.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Slot } from "../workers/slots.ts";
import type { AcceptedLaunches } from "./accepted.ts";
import { claimFor } from "./claim-launch.ts";
import { preemptSlot } from "./find-slot.ts";
import { launchBodies } from "./launch-body.ts";
import { launchKeys } from "./launch-key.ts";
import type { LaunchTrace } from "./launch-trace.ts";
import { deadlineExceeded, deadlineHopeless, queueFull, workersBroke } from "./refusals.ts";
import type { Replacements } from "./replacements.ts";
import { type AttemptDeps, attempt, type Flight } from "./send-launch.ts";
import type { Served } from "./served.ts";
import { Singleflight } from "./singleflight.ts";
import type { TraceContext } from "./trace-context.ts";

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
  readonly accepted: AcceptedLaunches;
  readonly claims: LaunchClaims;
  /** Where launches go that the pool cannot serve. */
  readonly overflow: Pick<Overflow, "orElse" | "doubts">;
  readonly replacements: Replacements;
  readonly sessions: Pick<Sessions, "liveIn" | "isOther" | "look">;
  /** Whether the session of a launch still runs. Never throws. */
  readonly stillRuns: (launch: string, at: SessionLocation) => Promise<boolean>;
  /** Launches begin to wait in a pool. */
  readonly onAwaited: (pool: string) => void;
}

/**
 * Finds a slot for a launch and starts the session there.
 *
 * Flow: take a free slot, or wait for one; send the launch; on a 503 or a refused connection, where nothing can have begun,
 * take the next worker. After `attempts` workers in a row the launch waits at its place in the queue until a probe has
 * seen a free slot: a client that is refused gives up after 4 s, one that waits does not.
 * Guarantees: of requests for the same launch only one is served, the others get its answer while its session runs; at most one
 * worker can have begun a session; every slot that was taken is released or confirmed; it ends, as each round tries at most `attempts`
 * workers, and no new round begins after the queue's deadline.
 */
export class Launcher {
  readonly #deps: LauncherDeps;
  readonly #singleflight: Singleflight;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
    const { clock, stillRuns } = deps;
    this.#singleflight = new Singleflight({ clock, stillRuns: (launch, { at }) => stillRuns(launch, at) });
  }

  /**
   * @returns the answer of the worker that took the launch.
   * @throws LaunchError when no session came of it, or none that we know of.
   */
  async launch(pool: PoolConfig, request: LaunchRequest, arrival: Arrival): Promise<WorkerAnswer> {
    const key = poolKey(pool);
    const keys = launchKeys(pool, request);
    const preset = presetOf(request);
    const { trace } = arrival;
    const { served, repeated } = await this.#singleflight.run(keys.launch, arrival.signal, (signal) => {
      const bodyFor = launchBodies(pool, request, arrival.traceContext);
      const over = new AbortController();
      const met = this.#deps.load.arrived(key, preset);
      const flight: Flight = { pool, key, keys, preset, request, bodyFor, trace, met, settled: over.signal };
      const answer = this.#deps.overflow.orElse(flight, signal, (waiting) => this.#fly(flight, { ...arrival, signal: waiting }));
      return answer.finally(() => over.abort());
    });
    if (repeated) trace.path = "repeated";
    return served.answer;
  }

  async #fly(flight: Flight, arrival: Arrival): Promise<Served> {
    const { keys, key, request } = flight;
    const { roomName: room } = request;
    const found = await this.#deps.doubts.settle(keys.launch);
    if (found !== undefined) {
      const { worker, search, ticket } = found;
      this.#deps.accepted.found(worker, search.taskId, flight, ticket);
      return { answer: search.answer, at: { worker: worker.uid, task: search.taskId, room }, earned: false };
    }
    const tried = new Set<string>();
    const claims = this.#deps.claims.of(keys, room, arrival.signal);
    for (let lost = 0, again = false; lost < MAX_LOST; again = true) {
      const slot = await this.#slotFor(flight, arrival, tried, again);
      const { worker } = slot;
      const { claimed, isOther } = await claimFor(this.#deps, claims, worker, flight, () => this.#giveBack(slot, key));
      if (claimed.kind === "served") {
        const { answer, at, orphan } = claimed;
        if (orphan !== undefined && at.task !== undefined) this.#deps.accepted.found(orphan.worker, at.task, flight, orphan.ticket);
        return { answer, at, earned: false };
      }
      if (claimed.kind === "void") continue;
      this.#stillWanted(slot, key, arrival.signal);
      const { ticket, others } = claimed;
      const sent = this.#deps.replacements.sends({ pool: key, room, seat: keys.seat, ticket, others });
      const outcome = await attempt(this.#deps, slot, flight, { isOther, ticket }).catch((error: unknown) => {
        this.#deps.replacements.failed(sent);
        throw error;
      });
      this.#deps.load.changed(key);
      if (outcome.kind === "served") {
        const { answer } = outcome;
        this.#deps.load.served(key, flight.preset);
        this.#deps.accepted.began(worker, answer, flight, sent);
        return { answer, at: { worker: worker.uid, task: taskId(answer), room }, earned: true };
      }
      this.#deps.replacements.failed(sent);
      if (outcome.lost) lost += 1;
      tried.add(worker.uid);
    }
    throw workersBroke(MAX_LOST);
  }

  /** What this gateway tells a peer of a launch that it had claimed; waits while it is under way. */
  async peerAnswer(launch: string): Promise<PeerAnswer> {
    const served = this.#deps.claims.defers(launch) ? undefined : await this.#singleflight.find(launch);
    if (served !== undefined) return { kind: "served", answer: served.answer, at: served.at };
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
      const vacated = await preemptSlot(this.#deps, flight);
      if (vacated !== undefined) return this.#stillWanted(vacated, flight.key, arrival.signal);
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

  #retryState({ key, pool, preset }: Flight) {
    const queue = this.#deps.slots.queue(key);
    return { nowMs: this.#deps.clock.now(), waiting: queue.length, grantsMs: queue.grantsMs, pool, preset };
  }
}
