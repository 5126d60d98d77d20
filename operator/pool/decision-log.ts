import type { DecisionRecord } from "./planning/decision.ts";

const KEPT = 50;

/** The decisions on one pool: its last changes of size, and the latest decision on each group, changed or not. */
export class DecisionLog {
  #changes: readonly DecisionRecord[] = [];
  #latest: ReadonlyMap<string, DecisionRecord> = new Map();

  add(records: readonly DecisionRecord[]): void {
    const changes = records.filter(({ outcome }) => outcome !== "unchanged");
    if (changes.length > 0) this.#changes = [...this.#changes, ...changes].slice(-KEPT);
    this.#latest = new Map(records.map((record) => [record.group, record]));
  }

  /** The last 50 changes, oldest first. */
  get changes(): readonly DecisionRecord[] {
    return this.#changes;
  }

  /** By group: the latest decision, also if it changed nothing. */
  get latest(): ReadonlyMap<string, DecisionRecord> {
    return this.#latest;
  }
}
