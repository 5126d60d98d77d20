import { Fleet, type Worker } from "./fleet.ts";
import { Heap } from "./heap.ts";
import type { FleetShape, Policy } from "./policy.ts";
import type { Trace } from "./trace.ts";

export interface Replay {
  readonly launches: number;
  /** Launches that found a warm slot at once. */
  readonly warm: number;
  /** Launches that were refused because their deadline passed. */
  readonly refused: number;
  /** Seconds that the other launches waited, ascending. Launches that still wait when the trace ends are left out. */
  readonly waitsS: Float64Array;
  readonly workerHours: number;
  /** Sessions that the policy would have ended by removing their worker. The replay serves and pays for them to their end. */
  readonly wouldHaveEnded: number;
  /** How often the fleet changed from growing to shrinking or back. */
  readonly directionChanges: number;
  /** Integral of ceil(sessions / slots): the fewest worker-hours that serve the sessions, even with perfect packing. */
  readonly packingBoundHours: number;
  readonly hours: number;
  readonly timeline: readonly TimelinePoint[];
}

export interface TimelinePoint {
  readonly atS: number;
  readonly sessions: number;
  readonly workers: number;
  readonly queued: number;
}

export interface ReplayOptions {
  readonly shape: FleetShape;
  /** Nothing before this time counts, because every policy starts with no worker. */
  readonly countFromS: number;
  /** Longest wait of a launch before it is refused. */
  readonly deadlineS: number;
  /** When the replay ends. Undefined: at the last arrival. Later launches are not replayed. */
  readonly untilS?: number;
  /** Sampling interval of the timeline. Undefined: no timeline. */
  readonly timelineS?: number;
}

interface WaitingLaunch {
  /** Row in the trace: orders launches of the same time. */
  readonly row: number;
  readonly arrivedS: number;
  readonly durationS: number;
}

/**
 * Replays a trace against a fleet whose size a policy decides. Under every policy, launches take the fullest warm worker with a
 * free slot, so policies differ only in their sizes and in the workers that they remove.
 */
export function replay(trace: Trace, policy: Policy, options: ReplayOptions): Replay {
  return new Replayer(trace, policy, options).run();
}

class Replayer {
  readonly #trace: Trace;
  readonly #policy: Policy;
  readonly #options: ReplayOptions;
  readonly #fleet: Fleet;
  readonly #departures = new Heap<{ readonly atS: number; readonly worker: Worker }>((a, b) => a.atS - b.atS);
  readonly #waiting = new Heap<WaitingLaunch>((a, b) => a.row - b.row);
  #syncS = 0;
  #lastS: number;
  #workerSeconds = 0;
  #packedSeconds = 0;
  #launches = 0;
  #warm = 0;
  #refused = 0;
  readonly #waits: number[] = [];
  #wouldHaveEnded = 0;
  #direction = 0;
  #directionChanges = 0;
  readonly #timeline: TimelinePoint[] = [];

  constructor(trace: Trace, policy: Policy, options: ReplayOptions) {
    this.#trace = trace;
    this.#policy = policy;
    this.#options = options;
    this.#fleet = new Fleet(options.shape, policy.removes);
    this.#lastS = options.countFromS;
  }

  run(): Replay {
    const { arrivalS, durationS } = this.#trace;
    const never = Number.POSITIVE_INFINITY;
    const { timelineS, deadlineS, untilS = arrivalS.at(-1) ?? 0 } = this.#options;
    let next = 0;
    let sampleS = timelineS === undefined ? never : 0;
    for (;;) {
      const arrivesS = arrivalS[next] ?? never;
      const departsS = this.#departures.first?.atS ?? never;
      const warmsS = this.#fleet.nextWarmS ?? never;
      const expiresS = (this.#waiting.first?.arrivedS ?? never) + deadlineS;
      const nowS = Math.min(arrivesS, departsS, warmsS, expiresS, sampleS, untilS);
      if (this.#syncS < nowS) {
        this.#syncUntil(nowS);
        continue;
      }
      this.#account(nowS);
      if (nowS === departsS) this.#depart(nowS);
      else if (nowS === warmsS) this.#warmed(nowS);
      else if (nowS === arrivesS) this.#arrive({ row: next, arrivedS: nowS, durationS: durationS[next++] ?? 0 });
      else if (nowS === expiresS) this.#expire();
      else if (nowS === sampleS) {
        this.#sample(nowS);
        sampleS += timelineS ?? never;
        continue;
      } else break;
      if (this.#policy.eventDriven) this.#decide(nowS);
    }
    return this.#result(untilS);
  }

  #account(nowS: number): void {
    if (nowS <= this.#lastS) return;
    const passedS = nowS - this.#lastS;
    this.#lastS = nowS;
    const { workers, drainingWorkers, sessions, drainingSessions } = this.#fleet;
    this.#workerSeconds += passedS * (workers + drainingWorkers);
    this.#packedSeconds += passedS * Math.ceil((sessions + drainingSessions) / this.#options.shape.slotsPerWorker);
  }

  #arrive(launch: WaitingLaunch): void {
    this.#fleet.arrived++;
    const counts = this.#counts(launch.arrivedS);
    if (counts) this.#launches++;
    if (this.#start(launch.arrivedS, launch.durationS)) {
      if (counts) this.#warm++;
      return;
    }
    this.#fleet.missed++;
    this.#waiting.add(launch);
  }

  /** The deadline of the launch that has waited longest has passed. */
  #expire(): void {
    const launch = this.#waiting.take();
    this.#fleet.refused++;
    if (launch !== undefined && this.#counts(launch.arrivedS)) this.#refused++;
  }

  #sample(nowS: number): void {
    const { sessions, drainingSessions, workers, drainingWorkers } = this.#fleet;
    this.#timeline.push({
      atS: nowS,
      sessions: sessions + drainingSessions,
      workers: workers + drainingWorkers,
      queued: this.#waiting.size,
    });
  }

  /** Whether a warm slot was free. */
  #start(nowS: number, durationS: number): boolean {
    const worker = this.#fleet.takeSlot();
    if (worker === undefined) return false;
    this.#fleet.started++;
    this.#departures.add({ atS: nowS + durationS, worker });
    return true;
  }

  #depart(nowS: number): void {
    const departure = this.#departures.take();
    if (departure !== undefined) this.#fleet.freeSlot(departure.worker);
    this.#serveWaiting(nowS);
  }

  #warmed(nowS: number): void {
    this.#fleet.warmNext();
    this.#serveWaiting(nowS);
  }

  #serveWaiting(nowS: number): void {
    for (let launch = this.#waiting.first; launch !== undefined; launch = this.#waiting.first) {
      if (!this.#start(nowS, launch.durationS)) return;
      this.#waiting.take();
      if (this.#counts(launch.arrivedS)) this.#waits.push(nowS - launch.arrivedS);
    }
  }

  /** Calls the policy at each sync before the next event, or until it changes the size. */
  #syncUntil(nextS: number): void {
    const { syncS, memoryS = Number.POSITIVE_INFINITY } = this.#policy;
    const settledS = this.#syncS + memoryS;
    let isSame = true;
    while (isSame && this.#syncS < nextS) {
      // Skips to the last syncs before the next event: the policy remembers those.
      if (this.#syncS > settledS) this.#syncS += syncS * Math.max(0, Math.floor((nextS - memoryS - this.#syncS) / syncS));
      const nowS = this.#syncS;
      this.#syncS += syncS;
      isSame = this.#decide(nowS);
    }
  }

  /** Returns whether the size is the same as before. */
  #decide(nowS: number): boolean {
    this.#fleet.nowS = nowS;
    this.#fleet.queued = this.#waiting.size;
    return this.#resize(this.#policy.decide(this.#fleet), nowS);
  }

  #resize(wanted: number, nowS: number): boolean {
    const { min, max } = this.#options.shape;
    const target = Math.max(min, Math.min(max, wanted));
    const before = this.#fleet.workers;
    if (target === before) return true;
    this.#account(nowS);
    if (target > before) this.#grow(target - before, nowS);
    else this.#shrink(before - target, nowS);
    const direction = Math.sign(this.#fleet.workers - before);
    if (direction === 0) return true;
    if (direction !== this.#direction && this.#direction !== 0 && this.#counts(nowS)) this.#directionChanges++;
    this.#direction = direction;
    return false;
  }

  #grow(count: number, nowS: number): void {
    const back = this.#policy.removes === "drained" ? this.#fleet.undrain(count) : 0;
    if (back > 0) this.#serveWaiting(nowS);
    this.#fleet.start(count - back, nowS);
  }

  #shrink(count: number, nowS: number): void {
    const sessions = this.#fleet.remove(count);
    if (this.#policy.removes === "blind" && this.#counts(nowS)) this.#wouldHaveEnded += sessions;
  }

  #counts(atS: number): boolean {
    return atS >= this.#options.countFromS;
  }

  #result(endS: number): Replay {
    return {
      launches: this.#launches,
      warm: this.#warm,
      refused: this.#refused,
      waitsS: Float64Array.from(this.#waits).sort(),
      workerHours: this.#workerSeconds / 3_600,
      wouldHaveEnded: this.#wouldHaveEnded,
      directionChanges: this.#directionChanges,
      packingBoundHours: this.#packedSeconds / 3_600,
      hours: Math.max(0, endS - this.#options.countFromS) / 3_600,
      timeline: this.#timeline,
    };
  }
}
