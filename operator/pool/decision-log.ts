import type { DecisionRecord } from "./planning/decision.ts";

/** Changes of one pool that are kept at most. */
const MOST = 200;
/** Changes of all pools that are kept, each about 1 kB, and those that keep their basis too, about 2 kB more. */
const KEPT_OF_ALL = 7_000;
const BASES_OF_ALL = 2_000;
/** At least so many of each pool. */
const LEAST = { changes: 20, bases: 5 };

export interface DecisionLimits {
  readonly changes: number;
  /** The newest changes, which keep what they were computed from. */
  readonly bases: number;
}

/** Number of changes that each of so many pools keeps. */
export function decisionLimits(pools: number): DecisionLimits {
  const share = (ofAll: number) => Math.min(MOST, Math.floor(ofAll / Math.max(1, pools)));
  return { changes: Math.max(LEAST.changes, share(KEPT_OF_ALL)), bases: Math.max(LEAST.bases, share(BASES_OF_ALL)) };
}

/** The decisions on one pool: its last changes of size, and the latest decision on each group, changed or not. */
export class DecisionLog {
  readonly #limits: () => DecisionLimits;
  #changes: readonly DecisionRecord[] = [];
  #latest: ReadonlyMap<string, DecisionRecord> = new Map();

  constructor(limits: () => DecisionLimits = () => decisionLimits(1)) {
    this.#limits = limits;
  }

  add(records: readonly DecisionRecord[]): void {
    const changes = records.filter(({ outcome }) => outcome !== "unchanged");
    if (changes.length > 0) this.#changes = within(this.#limits(), [...this.#changes, ...changes]);
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

function within({ changes, bases }: DecisionLimits, all: readonly DecisionRecord[]): readonly DecisionRecord[] {
  const kept = all.slice(-changes);
  return kept.map((record, index) => (index < kept.length - bases ? withoutBasis(record) : record));
}

function withoutBasis(record: DecisionRecord): DecisionRecord {
  if (record.basis === undefined) return record;
  const { basis: _basis, ...rest } = record;
  return rest;
}
