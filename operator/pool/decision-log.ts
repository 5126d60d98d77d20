import type { DecisionRecord } from "./planning/decision.ts";

/** Changes of one pool that are kept at most. */
const MOST = 200;
const LEAST = 20;
/** Changes of all pools that are kept: each takes about 1 kB. */
const KEPT_OF_ALL = 7_000;

/** Number of changes that each of so many pools keeps. */
export function decisionsKept(pools: number): number {
  return Math.max(LEAST, Math.min(MOST, Math.floor(KEPT_OF_ALL / Math.max(1, pools))));
}

/** The decisions on one pool: its last changes of size, and the latest decision on each group, changed or not. */
export class DecisionLog {
  readonly #kept: () => number;
  #changes: readonly DecisionRecord[] = [];
  #latest: ReadonlyMap<string, DecisionRecord> = new Map();

  constructor(kept: () => number = () => MOST) {
    this.#kept = kept;
  }

  add(records: readonly DecisionRecord[]): void {
    const changes = records.filter(({ outcome }) => outcome !== "unchanged");
    if (changes.length > 0) this.#changes = [...this.#changes, ...changes].slice(-this.#kept());
    this.#latest = new Map(records.map((record) => [record.group, record]));
  }

  /** The last changes, oldest first. */
  get changes(): readonly DecisionRecord[] {
    return this.#changes;
  }

  /** By group: the latest decision, also if it changed nothing. */
  get latest(): ReadonlyMap<string, DecisionRecord> {
    return this.#latest;
  }
}
