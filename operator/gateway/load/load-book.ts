import {
  type AccountErrorKind,
  addUsed,
  type ChargeMode,
  type PoolLoad,
  type Reclaimed,
  type Usage,
  type Used,
  type WorkerLoad,
} from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Worker } from "../workers/worker.ts";

/** Kind of short capacity that a launch meets. */
export type Shortage = keyof PoolLoad["shortages"][string];

/** What the load book counts for a launch. `cold`: it went to a free worker that was not warm. That is no shortage of slots. */
export type Met = Shortage | "cold";

type LaunchCounts = PoolLoad["launches"][string];

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

/** The counts of one pool since the gateway started. Its presets and the kinds of errors bound it. */
interface PoolCounts {
  readonly shortages: Map<string, Record<Shortage, number>>;
  readonly launches: Map<string, LaunchCounts>;
  accountErrors?: NonNullable<PoolLoad["accountErrors"]>;
  /** Seconds have fractions. */
  reclaimed?: Reclaimed;
  /** Replaced by each change. */
  usage?: Usage;
}

/** Counts launches and shortages by pool and preset, and notifies the open load streams of changes. */
export class LoadBook {
  readonly #clock: Clock;
  readonly #pools = new Map<string, PoolCounts>();
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
    const { shortages, launches } = this.#of(pool);
    const counts = countsOf(launches, noLaunches, preset);
    counts.arrived += 1;
    return (met) => {
      if (all.has(met)) return;
      all.add(met);
      if (met !== "worker503" && !missed) {
        missed = true;
        counts.missed += 1;
      }
      if (met === "cold") return this.#notify({ pool });
      countsOf(shortages, noShortages, preset)[met] += 1;
      this.#notify({ pool, shortSinceMs: this.#clock.now() });
    };
  }

  served(pool: string, preset: string | undefined): void {
    countsOf(this.#of(pool).launches, noLaunches, preset).started += 1;
    this.#notify({ pool });
  }

  /** A worker rejected a launch because of the account of its secret. */
  accountError(pool: string, kind: AccountErrorKind): void {
    const counts = this.#of(pool);
    const count = (counts.accountErrors?.[kind]?.count ?? 0) + 1;
    counts.accountErrors = { ...counts.accountErrors, [kind]: { count, lastMs: this.#clock.now() } };
    this.#notify({ pool });
  }

  /** The gateway ended an abandoned session, this long before the worker would have. */
  reclaimedSlot(pool: string, reclaimedMs: number): void {
    const counts = this.#of(pool);
    const { sessions, slotSeconds } = counts.reclaimed ?? { sessions: 0, slotSeconds: 0 };
    counts.reclaimed = { sessions: sessions + 1, slotSeconds: slotSeconds + reclaimedMs / 1_000 };
    this.#notify({ pool });
  }

  /** Sessions began, or minutes of sessions. */
  used(pool: string, mode: ChargeMode, engine: string, used: Used): void {
    const counts = this.#of(pool);
    counts.usage = addUsed(counts.usage, mode, engine, used);
    this.#notify({ pool });
  }

  /** A copy of the counts of a pool. */
  counts(pool: string): Pick<PoolLoad, "shortages" | "launches" | "accountErrors" | "reclaimed" | "usage"> {
    const { shortages, launches, accountErrors, reclaimed, usage } = this.#of(pool);
    return {
      shortages: copyOf(shortages),
      launches: copyOf(launches),
      ...(accountErrors && { accountErrors }),
      ...(usage && { usage }),
      ...(reclaimed && { reclaimed: { ...reclaimed, slotSeconds: Math.round(reclaimed.slotSeconds) } }),
    };
  }

  forget(pool: string): void {
    this.#pools.delete(pool);
  }

  #of(pool: string): PoolCounts {
    const counts = this.#pools.get(pool) ?? { shortages: new Map(), launches: new Map() };
    this.#pools.set(pool, counts);
    return counts;
  }

  #notify(change: LoadChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

const noShortages = () => ({ worker503: 0, waited: 0, refused: 0 });
const noLaunches = () => ({ arrived: 0, missed: 0, started: 0 });

function countsOf<T>(presets: Map<string, T>, none: () => T, preset = NO_PRESET): T {
  const counts = presets.get(preset) ?? none();
  presets.set(preset, counts);
  return counts;
}

function copyOf<T extends object>(presets: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...presets].map(([preset, counts]) => [preset, { ...counts }]));
}

export function workerLoad(worker: Worker): WorkerLoad {
  return {
    pod: worker.name,
    uid: worker.uid,
    ready: worker.ready,
    sessions: worker.reservations.sessions,
    reserved: worker.reservations.reserved,
    slots: worker.reservations.slots,
    cordoned: worker.cordoned,
    ...(worker.blocked === 0 ? {} : { blocked: worker.blocked }),
  };
}
