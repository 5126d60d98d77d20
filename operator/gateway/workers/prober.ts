import type { Clock, Random } from "../../runtime/clock.ts";
import { readReadiness } from "../../workers/answers.ts";
import { IDLE_TIMEOUT_MS, type WorkerClient, WorkerUnreachable } from "../../workers/client.ts";
import { type Cadence, cadenceOf, firstDelayMs, probeDelayMs } from "./probe-schedule.ts";
import type { ProbeAnswer, Worker } from "./worker.ts";

/** The ready path answers from memory; a worker that takes longer hangs. */
const PATIENCE_MS = 900;
/** Then answers that have come, and that this process was too busy to read, are read first. */
const GRACE_MS = 100;
/** A worker that closes its connections after every answer is not asked why more often than this. */
const ALARM_INTERVAL_MS = 1_000;

export interface ProberOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: WorkerClient;
  /** Whether launches wait in the worker's pool. */
  readonly awaited: (worker: Worker) => boolean;
  /** Called after a probe that changed what is known of the worker. */
  readonly onChanged: (worker: Worker) => void;
}

/** A worker under watch. */
interface ProbeTarget {
  readonly worker: Worker;
  cadence: Cadence;
  timer: { cancel(): void } | undefined;
  dueMs: number;
  /** Ends the probe that is under way. */
  asking: AbortController | undefined;
  /** Something happened meanwhile: its answer may be out of date. */
  askAgain: boolean;
  alarmedMs: number;
}

/**
 * Asks every worker whether it is ready, as often as what is known of it deserves: see {@link cadenceOf}. At most one probe of a
 * worker is under way. Where the next one is near the connection is kept, so the death of a worker's process is seen when it
 * ends; thousands of idle ones would only fill the memory.
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #watches = new Map<string, ProbeTarget>();
  readonly #byOrigin = new Map<string, ProbeTarget>();
  readonly #counts: Record<Cadence, number> = { starting: 0, awaited: 0, busy: 0, idle: 0, foreign: 0 };
  /** Whose first probe has not ended. */
  readonly #unprobed = new Set<ProbeTarget>();
  readonly #unlisten: (() => void) | undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#unlisten = options.client.onClosed?.((origin) => this.#alarm(origin));
  }

  /** Workers whose first probe has not ended. */
  get unprobed(): number {
    return this.#unprobed.size;
  }

  /** Begins to probe a worker; one that is probed already is asked anew, for its pod has changed. */
  watch(worker: Worker): void {
    const known = this.#watches.get(worker.uid);
    const watch = known ?? this.#begin(worker);
    if (worker.origin !== undefined) this.#byOrigin.set(worker.origin, watch);
    const delayMs = known === undefined ? firstDelayMs(this.#counts.starting) : 0;
    if (delayMs > 0) this.#schedule(watch, delayMs);
    else this.probeNow(worker);
  }

  forget(uid: string): void {
    const watch = this.#watches.get(uid);
    if (watch === undefined) return;
    this.#watches.delete(uid);
    this.#unprobed.delete(watch);
    this.#counts[watch.cadence] -= 1;
    watch.timer?.cancel();
    watch.asking?.abort();
    const { origin } = watch.worker;
    if (origin !== undefined && this.#byOrigin.get(origin) === watch) this.#byOrigin.delete(origin);
  }

  stop(): void {
    this.#unlisten?.();
    for (const uid of [...this.#watches.keys()]) this.forget(uid);
  }

  /** Asks a worker now: something happened that only it can tell more of. */
  probeNow(worker: Worker): void {
    const watch = this.#watches.get(worker.uid);
    if (watch === undefined) return;
    if (watch.asking !== undefined) watch.askAgain = true;
    else void this.#probe(watch);
  }

  /** What is known of a worker changed: it may have to be asked sooner than was planned. Never later. */
  reschedule(worker: Worker): void {
    const watch = this.#watches.get(worker.uid);
    if (watch === undefined || watch.asking !== undefined || this.#cadenceOf(worker) === watch.cadence) return;
    const { clock } = this.#options;
    const delayMs = this.#delayMs(watch);
    if (clock.now() + delayMs < watch.dueMs) this.#schedule(watch, delayMs);
  }

  #begin(worker: Worker): ProbeTarget {
    const watch: ProbeTarget = {
      worker,
      cadence: "starting",
      timer: undefined,
      dueMs: 0,
      asking: undefined,
      askAgain: false,
      alarmedMs: 0,
    };
    this.#watches.set(worker.uid, watch);
    this.#unprobed.add(watch);
    this.#counts.starting += 1;
    return watch;
  }

  /** A worker closed an idle connection. Many do that after some seconds; one with sessions may also have died. */
  #alarm(origin: string): void {
    const watch = this.#byOrigin.get(origin);
    const nowMs = this.#options.clock.now();
    if (watch === undefined || !watch.worker.busy || nowMs - watch.alarmedMs < ALARM_INTERVAL_MS) return;
    watch.alarmedMs = nowMs;
    this.probeNow(watch.worker);
  }

  async #probe(watch: ProbeTarget): Promise<void> {
    const { worker } = watch;
    watch.timer?.cancel();
    watch.askAgain = false;
    const askedAt = worker.probeBegins();
    const answer = await this.#answer(watch);
    this.#unprobed.delete(watch);
    // It may have been forgotten meanwhile.
    if (this.#watches.get(worker.uid) !== watch) return;
    const changed = worker.probed(askedAt, answer);
    // Without an address there is nobody to ask; the pod's next change brings it here again.
    if (worker.origin !== undefined) this.#schedule(watch, watch.askAgain ? 0 : this.#delayMs(watch));
    if (changed) this.#options.onChanged(worker);
  }

  async #answer(watch: ProbeTarget): Promise<ProbeAnswer> {
    const { origin, record } = watch.worker;
    if (origin === undefined) return { kind: "not-ready" };
    const asking = new AbortController();
    watch.asking = asking;
    const answer = await this.#ask(origin, record.engine.paths.ready, asking, this.#isRepeatedSoon(watch));
    watch.asking = undefined;
    return answer;
  }

  #schedule(watch: ProbeTarget, delayMs: number): void {
    const { clock } = this.#options;
    watch.timer?.cancel();
    watch.dueMs = clock.now() + delayMs;
    watch.timer = clock.schedule(delayMs, () => void this.#probe(watch));
  }

  #cadenceOf(worker: Worker): Cadence {
    const { usable, own, busy, reservations } = worker;
    return cadenceOf({ usable, own, busy, doubtful: reservations.doubtful }, this.#options.awaited(worker));
  }

  #delayMs(watch: ProbeTarget): number {
    this.#counts[watch.cadence] -= 1;
    watch.cadence = this.#cadenceOf(watch.worker);
    this.#counts[watch.cadence] += 1;
    return probeDelayMs(watch.cadence, this.#counts[watch.cadence], this.#options.random());
  }

  /** Whether the next probe will come before an idle connection ends, if nothing changes. */
  #isRepeatedSoon({ cadence }: ProbeTarget): boolean {
    return probeDelayMs(cadence, this.#counts[cadence], 1) < IDLE_TIMEOUT_MS;
  }

  async #ask(origin: string, path: string, asking: AbortController, keep: boolean): Promise<ProbeAnswer> {
    const { client, clock } = this.#options;
    let timer = clock.schedule(PATIENCE_MS, () => {
      timer = clock.schedule(GRACE_MS, () => asking.abort());
    });
    try {
      return readReadiness(await client.get(origin, path, asking.signal, keep));
    } catch (error) {
      // A connection that a machine ends or refuses is an answer: the machine is there.
      return { kind: asking.signal.aborted || isOutOfReach(error) ? "silent" : "not-ready" };
    } finally {
      timer.cancel();
    }
  }
}

/** No connection came about, and nobody refused it: the machine, or the way to it, is gone. */
function isOutOfReach(error: unknown): boolean {
  return error instanceof WorkerUnreachable && !error.refused;
}
