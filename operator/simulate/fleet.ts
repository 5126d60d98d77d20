import { Heap } from "./heap.ts";
import type { FleetShape, FleetView, Policy } from "./policy.ts";
import type { Trace } from "./trace.ts";

export type { FleetShape, FleetView, Policy };

export interface Replay {
  readonly launches: number;
  /** Launches that found a warm slot at once. */
  readonly warm: number;
  /** Launches that gave up when their deadline passed. */
  readonly refused: number;
  /** Seconds that the other launches waited, ascending. Launches that wait when the trace ends are not among them. */
  readonly waitsS: Float64Array;
  readonly workerHours: number;
  /** Sessions that a policy would have ended by its choice of a victim. They are served to their end all the same, and paid for. */
  readonly wouldHaveEnded: number;
  /** How often the size changed its direction. */
  readonly directionChanges: number;
  /** Integral of sessions / slots, rounded up: with every session packed perfectly, no fewer worker-hours serve them. */
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
  /** Nothing before this time counts: every policy starts with no worker. */
  readonly countFromS: number;
  /** Longest wait of a launch; it is refused then. */
  readonly deadlineS: number;
  /** When the replay ends: at the last arrival where this is left out. Launches after it are not replayed. */
  readonly untilS?: number;
  /** Sampling interval of the timeline; without it none is kept. */
  readonly timelineS?: number;
}

interface Worker {
  readonly serial: number;
  readonly warmS: number;
  busy: number;
  draining: boolean;
}

interface Waiting {
  readonly arrivedS: number;
  readonly durationS: number;
}

type MutableView = { -readonly [K in keyof FleetView]: FleetView[K] };

/**
 * Replays a trace against a fleet whose size a policy decides. Launches take the fullest warm worker with a free slot, for
 * every policy alike, so that policies differ by their sizes and victims only.
 */
export function replay(trace: Trace, policy: Policy, options: ReplayOptions): Replay {
  return new Fleet(trace, policy, options).run();
}

class Fleet {
  readonly #trace: Trace;
  readonly #policy: Policy;
  readonly #options: ReplayOptions;
  /** Warm workers that take launches, by sessions on them. */
  readonly #byBusy: readonly Set<Worker>[];
  readonly #starting: Worker[] = [];
  readonly #draining = new Set<Worker>();
  readonly #departures = new Heap<{ readonly atS: number; readonly worker: Worker }>((a, b) => a.atS - b.atS);
  readonly #queue: Waiting[] = [];
  #queueHead = 0;
  #serial = 0;
  #staying = 0;
  #sessions = 0;
  #drainingSessions = 0;
  #arrived = 0;
  #cold = 0;
  #expired = 0;
  #started = 0;
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
  /** One object for every decision: millions are made in a long trace. */
  readonly #view: MutableView = {
    nowS: 0,
    sessions: 0,
    drainingSessions: 0,
    queued: 0,
    workers: 0,
    warmWorkers: 0,
    drainingWorkers: 0,
    busyWorkers: 0,
    arrived: 0,
    cold: 0,
    refused: 0,
    started: 0,
  };

  constructor(trace: Trace, policy: Policy, options: ReplayOptions) {
    this.#trace = trace;
    this.#policy = policy;
    this.#options = options;
    this.#lastS = options.countFromS;
    this.#byBusy = Array.from({ length: options.shape.slotsPerWorker + 1 }, () => new Set<Worker>());
  }

  run(): Replay {
    const { arrivalS, durationS } = this.#trace;
    const never = Number.POSITIVE_INFINITY;
    const { timelineS, deadlineS, untilS = arrivalS.at(-1) ?? 0 } = this.#options;
    const { eventDriven } = this.#policy;
    let next = 0;
    let sampleS = timelineS === undefined ? never : 0;
    for (;;) {
      const arrivesS = arrivalS[next] ?? never;
      const departsS = this.#departures.first?.atS ?? never;
      const warmsS = this.#starting[0]?.warmS ?? never;
      const expiresS = (this.#queue[this.#queueHead]?.arrivedS ?? never) + deadlineS;
      const nowS = Math.min(arrivesS, departsS, warmsS, expiresS, sampleS, untilS);
      if (this.#syncS < nowS) {
        this.#syncUntil(nowS);
        continue;
      }
      this.#account(nowS);
      if (nowS === departsS) {
        const departure = this.#departures.take();
        if (departure !== undefined) this.#depart(departure.worker, nowS);
        if (eventDriven) this.#decide(nowS);
      } else if (nowS === warmsS) {
        const worker = this.#starting.shift();
        if (worker !== undefined) this.#warmed(worker, nowS);
        if (eventDriven) this.#decide(nowS);
      } else if (nowS === arrivesS) {
        this.#arrive(nowS, durationS[next++] ?? 0);
        if (eventDriven) this.#decide(nowS);
      } else if (nowS === expiresS) {
        this.#expire();
        if (eventDriven) this.#decide(nowS);
      } else if (nowS === sampleS) {
        this.#sample(nowS);
        sampleS += timelineS ?? never;
      } else break;
    }
    return this.#result(untilS);
  }

  #account(nowS: number): void {
    if (nowS <= this.#lastS) return;
    const passedS = nowS - this.#lastS;
    this.#lastS = nowS;
    this.#workerSeconds += passedS * (this.#staying + this.#draining.size);
    this.#packedSeconds += passedS * Math.ceil((this.#sessions + this.#drainingSessions) / this.#options.shape.slotsPerWorker);
  }

  #arrive(nowS: number, durationS: number): void {
    this.#arrived++;
    const counts = nowS >= this.#options.countFromS;
    if (counts) this.#launches++;
    if (this.#start(nowS, durationS)) {
      if (counts) this.#warm++;
      return;
    }
    this.#missed++;
    this.#queue.push({ arrivedS: nowS, durationS });
  }

  /** The launch that waits longest gives up. */
  #expire(): void {
    const waiting = this.#nextWaiting();
    this.#expired++;
    if (waiting !== undefined && waiting.arrivedS >= this.#options.countFromS) this.#refused++;
  }

  #nextWaiting(): Waiting | undefined {
    const waiting = this.#queue[this.#queueHead++];
    // Taken entries are cut off now and then: cutting each time would make a long queue slow.
    if (this.#queueHead > 1_000) {
      this.#queue.splice(0, this.#queueHead);
      this.#queueHead = 0;
    }
    return waiting;
  }

  #sample(nowS: number): void {
    this.#timeline.push({
      atS: nowS,
      sessions: this.#sessions + this.#drainingSessions,
      workers: this.#staying + this.#draining.size,
      queued: this.#queue.length - this.#queueHead,
    });
  }

  /** Places a session on the fullest worker that has room. */
  #start(nowS: number, durationS: number): boolean {
    for (let busy = this.#byBusy.length - 2; busy >= 0; busy--) {
      const [worker] = this.#byBusy[busy] ?? [];
      if (worker === undefined) continue;
      this.#started++;
      this.#sessions++;
      this.#byBusy[busy]?.delete(worker);
      worker.busy++;
      this.#byBusy[worker.busy]?.add(worker);
      this.#departures.add({ atS: nowS + durationS, worker });
      return true;
    }
    return false;
  }

  #depart(worker: Worker, nowS: number): void {
    if (worker.draining) {
      worker.busy--;
      this.#drainingSessions--;
      if (worker.busy === 0) this.#draining.delete(worker);
      return;
    }
    this.#sessions--;
    this.#byBusy[worker.busy]?.delete(worker);
    worker.busy--;
    this.#byBusy[worker.busy]?.add(worker);
    this.#serveQueue(nowS);
  }

  #warmed(worker: Worker, nowS: number): void {
    this.#byBusy[0]?.add(worker);
    this.#serveQueue(nowS);
  }

  #serveQueue(nowS: number): void {
    while (this.#queueHead < this.#queue.length) {
      const waiting = this.#queue[this.#queueHead];
      if (waiting === undefined || !this.#start(nowS, waiting.durationS)) return;
      this.#nextWaiting();
      if (waiting.arrivedS >= this.#options.countFromS) this.#waits.push(nowS - waiting.arrivedS);
    }
  }

  /** Asks the policy at each sync before the next event, or until it changes something. */
  #syncUntil(nextS: number): void {
    const view = this.#look();
    const { syncS, memoryS = Number.POSITIVE_INFINITY } = this.#policy;
    const settledS = this.#syncS + memoryS;
    let isSame = true;
    while (isSame && this.#syncS < nextS) {
      // What it will remember when something happens again, it is shown.
      if (this.#syncS > settledS) this.#syncS += syncS * Math.max(0, Math.floor((nextS - memoryS - this.#syncS) / syncS));
      view.nowS = this.#syncS;
      this.#syncS += syncS;
      isSame = this.#resize(this.#policy.decide(view), view.nowS);
    }
  }

  #decide(nowS: number): void {
    const view = this.#look();
    view.nowS = nowS;
    this.#resize(this.#policy.decide(view), nowS);
  }

  #look(): MutableView {
    const view = this.#view;
    view.sessions = this.#sessions;
    view.drainingSessions = this.#drainingSessions;
    view.queued = this.#queue.length - this.#queueHead;
    view.workers = this.#staying;
    view.warmWorkers = this.#staying - this.#starting.length;
    view.busyWorkers = view.warmWorkers - (this.#byBusy[0]?.size ?? 0);
    view.drainingWorkers = this.#draining.size;
    view.arrived = this.#arrived;
    view.cold = this.#cold;
    view.refused = this.#expired;
    view.started = this.#started;
    return view;
  }

  /** Whether the fleet has stayed as it was. */
  #resize(wanted: number, nowS: number): boolean {
    const { min, max } = this.#options.shape;
    const target = Math.max(min, Math.min(max, wanted));
    const before = this.#staying;
    if (target === before) return true;
    this.#account(nowS);
    if (target > before) this.#grow(target - before, nowS);
    else this.#shrink(before - target, nowS);
    const direction = Math.sign(this.#staying - before);
    if (direction === 0) return true;
    if (direction !== this.#direction && this.#direction !== 0 && nowS >= this.#options.countFromS) this.#directionChanges++;
    this.#direction = direction;
    return false;
  }

  #grow(count: number, nowS: number): void {
    let missing = count;
    if (this.#policy.removes === "drained") {
      for (const worker of [...this.#draining].sort((a, b) => b.busy - a.busy)) {
        if (missing === 0) break;
        this.#draining.delete(worker);
        worker.draining = false;
        this.#drainingSessions -= worker.busy;
        this.#sessions += worker.busy;
        this.#byBusy[worker.busy]?.add(worker);
        this.#staying++;
        missing--;
      }
      this.#serveQueue(nowS);
    }
    for (; missing > 0; missing--) {
      const serial = ++this.#serial;
      this.#starting.push({
        serial,
        warmS: nowS + this.#options.shape.timeToWarmS,
        busy: 0,
        draining: false,
      });
      this.#staying++;
    }
  }

  #shrink(count: number, nowS: number): void {
    let surplus = count;
    // Who cannot serve yet goes first, whoever chooses; of those the youngest.
    for (; surplus > 0 && this.#starting.length > 0; surplus--) {
      this.#starting.pop();
      this.#staying--;
    }
    for (; surplus > 0; surplus--) {
      const worker = this.#victim();
      if (worker === undefined) return;
      this.#byBusy[worker.busy]?.delete(worker);
      this.#staying--;
      if (worker.busy === 0) continue;
      if (this.#policy.removes === "blind" && nowS >= this.#options.countFromS) this.#wouldHaveEnded += worker.busy;
      this.#sessions -= worker.busy;
      this.#drainingSessions += worker.busy;
      worker.draining = true;
      this.#draining.add(worker);
    }
  }

  #victim(): Worker | undefined {
    if (this.#policy.removes !== "blind") {
      const levels = this.#policy.removes === "empty" ? this.#byBusy.slice(0, 1) : this.#byBusy;
      for (const level of levels) {
        const [worker] = level;
        if (worker !== undefined) return worker;
      }
      return undefined;
    }
    // Among ready pods of equal cost the ReplicaSet controller takes the one that became ready last.
    let youngest: Worker | undefined;
    for (const level of this.#byBusy)
      for (const worker of level) if (youngest === undefined || worker.serial > youngest.serial) youngest = worker;
    return youngest;
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
