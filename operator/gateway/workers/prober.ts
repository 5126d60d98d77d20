import type { Engine } from "../../engines/index.ts";
import type { Random } from "../../runtime/clock.ts";
import { readReadiness } from "../../workers/answers.ts";
import { IDLE_TIMEOUT_MS, type WorkerAccess, WorkerUnreachable } from "../../workers/client.ts";
import { type Cadence, cadenceOf, firstDelayMs, probeDelayMs } from "./probe-schedule.ts";
import type { ProbeAnswer, Worker } from "./worker.ts";

/** A worker answers its ready path from memory. A worker that takes longer hangs. */
const PROBE_TIMEOUT_MS = 900;
/** Extra time in which a busy gateway process can read an answer that has arrived. */
const GRACE_MS = 100;
/** Shortest time between probes after closed connections: some workers close the connection after every answer. */
const CLOSED_INTERVAL_MS = 1_000;

export interface ProberOptions extends WorkerAccess {
  readonly random: Random;
  /** Whether launches wait in the worker's pool. */
  readonly awaited: (worker: Worker) => boolean;
  /** Called after a probe that changed the worker. */
  readonly onChanged: (worker: Worker) => void;
}

/** The probes of one worker. */
class ProbeTarget {
  readonly worker: Worker;
  cadence: Cadence = "starting";
  timer: { cancel(): void } | undefined;
  dueMs = 0;
  /** Aborts the probe in progress. */
  request: AbortController | undefined;
  /** Resolves at the end of the probe in progress. */
  probed = Promise.resolve();
  /** Another probe was requested during this one, whose answer may be out of date. */
  repeat = false;
  closedMs = 0;

  constructor(worker: Worker) {
    this.worker = worker;
  }
}

/**
 * Probes the ready path of every worker at the rate that {@link cadenceOf} gives. At most one probe of a worker is in progress.
 * The prober keeps the connection if the next probe is near: a closed connection then reports the death of the worker's process.
 * It closes the connections to idle workers, because thousands of them would fill the memory.
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #targets = new Map<string, ProbeTarget>();
  readonly #byOrigin = new Map<string, ProbeTarget>();
  readonly #counts: Record<Cadence, number> = { starting: 0, awaited: 0, busy: 0, idle: 0, foreign: 0 };
  /** Workers whose first probe has not ended. */
  readonly #unprobed = new Set<ProbeTarget>();
  readonly #unlisten: (() => void) | undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#unlisten = options.client.onClosed?.((origin) => this.#onClosed(origin));
  }

  /** Workers whose first probe has not ended. */
  get unprobed(): number {
    return this.#unprobed.size;
  }

  /** Starts to probe a worker. A known worker is probed now, because its pod has changed. */
  add(worker: Worker): void {
    const known = this.#targets.get(worker.uid);
    const target = known ?? this.#begin(worker);
    if (worker.origin !== undefined) this.#byOrigin.set(worker.origin, target);
    const delayMs = known === undefined ? firstDelayMs(this.#counts.starting) : 0;
    if (delayMs > 0) this.#schedule(target, delayMs);
    else this.probeNow(worker);
  }

  remove(uid: string): void {
    const target = this.#targets.get(uid);
    if (target === undefined) return;
    this.#targets.delete(uid);
    this.#unprobed.delete(target);
    this.#counts[target.cadence] -= 1;
    target.timer?.cancel();
    target.request?.abort();
    const { origin } = target.worker;
    if (origin !== undefined && this.#byOrigin.get(origin) === target) this.#byOrigin.delete(origin);
  }

  stop(): void {
    this.#unlisten?.();
    for (const uid of [...this.#targets.keys()]) this.remove(uid);
  }

  /** Probes a worker now, or right after the probe in progress. */
  probeNow(worker: Worker): void {
    const target = this.#targets.get(worker.uid);
    if (target === undefined) return;
    if (target.request !== undefined) target.repeat = true;
    else this.#start(target);
  }

  /** Resolves at the end of a probe of the worker: of the one in progress, or of a new one. */
  async probe(worker: Worker): Promise<void> {
    const target = this.#targets.get(worker.uid);
    if (target === undefined) return;
    if (target.request === undefined) this.#start(target);
    await target.probed;
  }

  /** The worker's cadence may have changed: brings its next probe forward. Never delays it. */
  reschedule(worker: Worker): void {
    const target = this.#targets.get(worker.uid);
    if (target === undefined || target.request !== undefined || this.#cadenceOf(worker) === target.cadence) return;
    const { clock } = this.#options;
    const delayMs = this.#delayMs(target);
    if (clock.now() + delayMs < target.dueMs) this.#schedule(target, delayMs);
  }

  #begin(worker: Worker): ProbeTarget {
    const target = new ProbeTarget(worker);
    this.#targets.set(worker.uid, target);
    this.#unprobed.add(target);
    this.#counts.starting += 1;
    return target;
  }

  /** A worker closed an idle connection. Many workers do so after some seconds, but a busy one may have died. */
  #onClosed(origin: string): void {
    const target = this.#byOrigin.get(origin);
    const nowMs = this.#options.clock.now();
    if (target === undefined || !target.worker.busy || nowMs - target.closedMs < CLOSED_INTERVAL_MS) return;
    target.closedMs = nowMs;
    this.probeNow(target.worker);
  }

  #start(target: ProbeTarget): void {
    target.probed = this.#probe(target);
  }

  async #probe(target: ProbeTarget): Promise<void> {
    const { worker } = target;
    target.timer?.cancel();
    target.repeat = false;
    const startedAt = worker.probeStarts();
    const answer = await this.#answer(target);
    this.#unprobed.delete(target);
    // The worker may have been removed meanwhile.
    if (this.#targets.get(worker.uid) !== target) return;
    const changed = worker.probed(startedAt, answer);
    // A worker without an address cannot be probed; the next change of its pod calls add() again.
    if (worker.origin !== undefined) this.#schedule(target, target.repeat ? 0 : this.#delayMs(target));
    if (changed) this.#options.onChanged(worker);
  }

  async #answer(target: ProbeTarget): Promise<ProbeAnswer> {
    const { origin, record } = target.worker;
    if (origin === undefined) return { kind: "not-ready" };
    const request = new AbortController();
    target.request = request;
    const answer = await this.#request(origin, record.engine, request, this.#isRepeatedSoon(target));
    target.request = undefined;
    return answer;
  }

  #schedule(target: ProbeTarget, delayMs: number): void {
    const { clock } = this.#options;
    target.timer?.cancel();
    target.dueMs = clock.now() + delayMs;
    target.timer = clock.schedule(delayMs, () => this.#start(target));
  }

  #cadenceOf(worker: Worker): Cadence {
    const { usable, own, busy, reservations, record } = worker;
    const dispatched = record.engine.jobs !== undefined;
    return cadenceOf({ usable, own, busy, dispatched, refused: reservations.refused }, this.#options.awaited(worker));
  }

  #delayMs(target: ProbeTarget): number {
    this.#counts[target.cadence] -= 1;
    target.cadence = this.#cadenceOf(target.worker);
    this.#counts[target.cadence] += 1;
    return probeDelayMs(target.cadence, this.#counts[target.cadence], this.#options.random());
  }

  /** Whether the next probe starts before an idle connection times out, if the cadence stays. */
  #isRepeatedSoon({ cadence }: ProbeTarget): boolean {
    return probeDelayMs(cadence, this.#counts[cadence], 1) < IDLE_TIMEOUT_MS;
  }

  async #request(origin: string, engine: Engine, request: AbortController, keep: boolean): Promise<ProbeAnswer> {
    const { client, clock } = this.#options;
    let timer = clock.schedule(PROBE_TIMEOUT_MS, () => {
      timer = clock.schedule(GRACE_MS, () => request.abort());
    });
    try {
      return readReadiness(await client.get(origin, engine.paths.ready, request.signal, keep), engine);
    } catch (error) {
      // A refused or broken connection is an answer: the machine and the network path to it are alive.
      const isOutOfReach = error instanceof WorkerUnreachable && !error.refused;
      return { kind: request.signal.aborted || isOutOfReach ? "silent" : "not-ready" };
    } finally {
      timer.cancel();
    }
  }
}
