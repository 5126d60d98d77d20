import type { FleetShape, FleetView, Policy } from "./policy.ts";

export interface Worker {
  readonly serial: number;
  readonly warmS: number;
  busy: number;
  draining: boolean;
}

/**
 * The workers of one group: starting, warm or draining. A session takes the fullest warm worker with a free slot. The fleet itself
 * is the view of a policy: a long trace has millions of decisions. The replay counts launches in it.
 */
export class Fleet implements FleetView {
  nowS = 0;
  queued = 0;
  arrived = 0;
  missed = 0;
  refused = 0;
  started = 0;
  sessions = 0;
  drainingSessions = 0;
  workers = 0;
  readonly #timeToWarmS: number;
  readonly #removes: Policy["removes"];
  /** Warm workers that accept sessions, by the number of their sessions. */
  readonly #byBusy: readonly Set<Worker>[];
  readonly #starting: Worker[] = [];
  readonly #draining = new Set<Worker>();
  #serial = 0;

  constructor({ slotsPerWorker, timeToWarmS }: FleetShape, removes: Policy["removes"]) {
    this.#timeToWarmS = timeToWarmS;
    this.#removes = removes;
    this.#byBusy = Array.from({ length: slotsPerWorker + 1 }, () => new Set<Worker>());
  }

  get warmWorkers(): number {
    return this.workers - this.#starting.length;
  }

  get busyWorkers(): number {
    return this.warmWorkers - (this.#byBusy[0]?.size ?? 0);
  }

  get drainingWorkers(): number {
    return this.#draining.size;
  }

  /** When the next worker is warm; undefined if no worker starts. */
  get nextWarmS(): number | undefined {
    return this.#starting[0]?.warmS;
  }

  /** The worker that takes a session; undefined if no warm slot is free. */
  takeSlot(): Worker | undefined {
    for (let busy = this.#byBusy.length - 2; busy >= 0; busy--) {
      const [worker] = this.#byBusy[busy] ?? [];
      if (worker === undefined) continue;
      this.sessions++;
      this.#move(worker, 1);
      return worker;
    }
    return undefined;
  }

  freeSlot(worker: Worker): void {
    if (!worker.draining) {
      this.sessions--;
      this.#move(worker, -1);
      return;
    }
    worker.busy--;
    this.drainingSessions--;
    if (worker.busy === 0) this.#draining.delete(worker);
  }

  /** The worker that started first is warm. */
  warmNext(): void {
    const worker = this.#starting.shift();
    if (worker !== undefined) this.#byBusy[0]?.add(worker);
  }

  /** Draining workers accept sessions again, the busiest first. Returns how many do. */
  undrain(count: number): number {
    const back = [...this.#draining].sort((a, b) => b.busy - a.busy).slice(0, count);
    for (const worker of back) {
      this.#draining.delete(worker);
      worker.draining = false;
      this.drainingSessions -= worker.busy;
      this.sessions += worker.busy;
      this.#byBusy[worker.busy]?.add(worker);
      this.workers++;
    }
    return back.length;
  }

  start(count: number, nowS: number): void {
    for (let started = 0; started < count; started++) {
      this.#starting.push({ serial: ++this.#serial, warmS: nowS + this.#timeToWarmS, busy: 0, draining: false });
      this.workers++;
    }
  }

  /** Removes workers, idle ones at once and others when their sessions have ended. Returns the sessions on the latter. */
  remove(count: number): number {
    // Every policy removes starting workers first, the youngest of them before the others.
    const starting = Math.min(count, this.#starting.length);
    this.#starting.splice(this.#starting.length - starting);
    this.workers -= starting;
    let sessions = 0;
    for (let removed = starting; removed < count; removed++) {
      const worker = this.#victim();
      if (worker === undefined) break;
      this.#byBusy[worker.busy]?.delete(worker);
      this.workers--;
      if (worker.busy === 0) continue;
      sessions += worker.busy;
      this.sessions -= worker.busy;
      this.drainingSessions += worker.busy;
      worker.draining = true;
      this.#draining.add(worker);
    }
    return sessions;
  }

  #victim(): Worker | undefined {
    if (this.#removes !== "blind") {
      const levels = this.#removes === "empty" ? this.#byBusy.slice(0, 1) : this.#byBusy;
      for (const level of levels) {
        const [worker] = level;
        if (worker !== undefined) return worker;
      }
      return undefined;
    }
    // Among ready pods of equal cost the ReplicaSet controller deletes the one that became ready last.
    let youngest: Worker | undefined;
    for (const level of this.#byBusy)
      for (const worker of level) if (youngest === undefined || worker.serial > youngest.serial) youngest = worker;
    return youngest;
  }

  #move(worker: Worker, sessions: 1 | -1): void {
    this.#byBusy[worker.busy]?.delete(worker);
    worker.busy += sessions;
    this.#byBusy[worker.busy]?.add(worker);
  }
}
