import type { AccountErrorKind, PoolLoad, Reclaimed, WorkerLoad } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Worker } from "../workers/worker.ts";

/** Kind of short capacity that a launch meets. */
export type Shortage = keyof PoolLoad["shortages"][string];

/** What the load book counts for a launch. `cold`: it went to a free worker that was not warm. That is no shortage of slots. */
export type Met = Shortage | "cold";

type LaunchCounts = PoolLoad["launches"][string];

/** A change of a pool's load. */
export interface LoadChange {
  readonly pool: string;
  /** Unix time in ms of a shortage, which the gateway reports at once. */
  readonly shortSinceMs?: number;
  /** Start-up time of a session that reached `running`. */
  readonly startupMs?: number;
  /** UID of the worker's pod, if the launch did not wait. */
  readonly worker?: string | undefined;
}

/** The level-based part of a pool's load. What happened since the last report differs for each reader. */
export type PoolState = Omit<PoolLoad, "shortSinceMs" | "startupsMs" | "workerStartups">;

/** The state of a pool without its workers, which may be thousands. */
export type PoolSummary = Omit<PoolState, "workers">;

/** Key of launches with a custom face image. */
const NO_PRESET = "";

/** Counts launches and shortages by pool and preset, and notifies the open load streams of changes. */
export class LoadBook {
  readonly #clock: Clock;
  /** Bounded by the pools and their presets. */
  readonly #shortages = new Map<string, Map<string, Record<Shortage, number>>>();
  /** Bounded by the pools and their presets. */
  readonly #launches = new Map<string, Map<string, LaunchCounts>>();
  /** Bounded by the pools and three kinds. */
  readonly #accountErrors = new Map<string, NonNullable<PoolLoad["accountErrors"]>>();
  /** Bounded by the pools. Seconds have fractions. */
  readonly #reclaimed = new Map<string, Reclaimed>();
  readonly #listeners = new Set<(change: LoadChange) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls the listener on every change. @returns a function that unsubscribes. */
  subscribe(listener: (change: LoadChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Workers or the queue of a pool changed. */
  changed(pool: string): void {
    this.#notify({ pool });
  }

  /** @param worker UID of its pod. Undefined if the launch waited, because that time does not measure the worker. */
  started(pool: string, startupMs: number, worker?: string): void {
    this.#notify({ pool, startupMs, worker });
  }

  /**
   * Counts a launch that arrives. A launch that meets anything but a worker's 503 missed a warm slot.
   * @returns a function to call with everything that the launch meets. Each kind counts once.
   */
  arrived(pool: string, preset: string | undefined): (met: Met) => void {
    const all = new Set<Met>();
    let missed = false;
    const launches = this.#launchesOf(pool, preset ?? NO_PRESET);
    launches.arrived += 1;
    return (met) => {
      if (all.has(met)) return;
      all.add(met);
      if (met !== "worker503" && !missed) {
        missed = true;
        launches.missed += 1;
      }
      if (met === "cold") this.#notify({ pool });
      else this.#countShortage(pool, preset ?? NO_PRESET, met);
    };
  }

  #countShortage(pool: string, preset: string, shortage: Shortage): void {
    this.#countsOf(pool, preset)[shortage] += 1;
    this.#notify({ pool, shortSinceMs: this.#clock.now() });
  }

  /** A launch got its session. */
  served(pool: string, preset: string | undefined): void {
    this.#launchesOf(pool, preset ?? NO_PRESET).started += 1;
    this.#notify({ pool });
  }

  /** A worker rejected a launch because of the account of its secret. */
  accountError(pool: string, kind: AccountErrorKind): void {
    const errors = this.#accountErrors.get(pool) ?? {};
    const count = (errors[kind]?.count ?? 0) + 1;
    this.#accountErrors.set(pool, { ...errors, [kind]: { count, lastMs: this.#clock.now() } });
    this.#notify({ pool });
  }

  /** Empty without errors. */
  accountErrors(pool: string): Pick<PoolLoad, "accountErrors"> {
    const accountErrors = this.#accountErrors.get(pool);
    return accountErrors === undefined ? {} : { accountErrors };
  }

  /** The gateway ended an abandoned session, this long before the worker would have. */
  reclaimedSlot(pool: string, reclaimedMs: number): void {
    const { sessions, slotSeconds } = this.#reclaimed.get(pool) ?? { sessions: 0, slotSeconds: 0 };
    this.#reclaimed.set(pool, { sessions: sessions + 1, slotSeconds: slotSeconds + reclaimedMs / 1_000 });
    this.#notify({ pool });
  }

  /** Empty if none were reclaimed. */
  reclaimed(pool: string): Pick<PoolLoad, "reclaimed"> {
    const reclaimed = this.#reclaimed.get(pool);
    return reclaimed === undefined ? {} : { reclaimed: { ...reclaimed, slotSeconds: Math.round(reclaimed.slotSeconds) } };
  }

  shortages(pool: string): PoolLoad["shortages"] {
    return Object.fromEntries([...(this.#shortages.get(pool) ?? [])].map(([preset, counts]) => [preset, { ...counts }]));
  }

  launches(pool: string): PoolLoad["launches"] {
    return Object.fromEntries([...(this.#launches.get(pool) ?? [])].map(([preset, counts]) => [preset, { ...counts }]));
  }

  /** Removes a deleted pool. */
  forget(pool: string): void {
    this.#launches.delete(pool);
    this.#shortages.delete(pool);
    this.#accountErrors.delete(pool);
    this.#reclaimed.delete(pool);
  }

  #countsOf(pool: string, preset: string): Record<Shortage, number> {
    const presets = this.#shortages.get(pool) ?? new Map<string, Record<Shortage, number>>();
    const counts = presets.get(preset) ?? { worker503: 0, waited: 0, refused: 0 };
    this.#shortages.set(pool, presets.set(preset, counts));
    return counts;
  }

  #launchesOf(pool: string, preset: string): LaunchCounts {
    const presets = this.#launches.get(pool) ?? new Map<string, LaunchCounts>();
    const counts = presets.get(preset) ?? { arrived: 0, missed: 0, started: 0 };
    this.#launches.set(pool, presets.set(preset, counts));
    return counts;
  }

  #notify(change: LoadChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** The entry of a worker in a load report. */
export function workerLoad(worker: Worker): WorkerLoad {
  return {
    pod: worker.name,
    uid: worker.uid,
    ready: worker.ready,
    sessions: worker.reservations.sessions,
    reserved: worker.reservations.reserved,
    slots: worker.reservations.slots,
    cordoned: worker.cordoned,
  };
}
