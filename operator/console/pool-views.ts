import type { DecisionMark, FleetRow } from "../api/console.ts";
import { poolKey } from "../api/pool-config.ts";
import type { Store } from "../kube/store.ts";
import type { PoolMemory, Reported } from "../pool/memory.ts";
import type { DecisionRecord } from "../pool/planning/decision.ts";
import type { PoolView } from "../pool/views.ts";
import { decisionMark } from "./decision-mark.ts";
import { kept, keptMap } from "./kept.ts";
import { fleetRow, poolDetails, unreportedRow, workerTiles } from "./pool-picture.ts";
import type { PoolPicture } from "./source.ts";

export interface PoolViewsDeps {
  readonly pools: Pick<Store<PoolView>, "get" | "values">;
  memory(key: string): Pick<PoolMemory, "reported" | "launches" | "decisions" | "history"> | undefined;
  /** Number of connected gateways. */
  gateways(): number;
}

interface Shown {
  row: FleetRow;
  picture: PoolPicture | undefined;
  /** What the row and the picture were made from. */
  rowFrom: readonly unknown[];
  pictureFrom: readonly unknown[];
  /** By group: the latest decision, also if it changed nothing. */
  latest: ReadonlyMap<string, { readonly mark: DecisionMark; readonly record: DecisionRecord }>;
}

/**
 * Rows and pictures of pools, computed when they are read and kept while their inputs are the same. A pool keeps one row, and one
 * picture if it was read.
 */
export class PoolViews {
  readonly #deps: PoolViewsDeps;
  readonly #shown = new Map<string, Shown>();

  constructor(deps: PoolViewsDeps) {
    this.#deps = deps;
  }

  fleet(): ReadonlyMap<string, FleetRow> {
    return new Map(
      [...this.#deps.pools.values()].map((view) => {
        const key = poolKey(view.config);
        return [key, this.#rowOf(key, view).row];
      }),
    );
  }

  pool(key: string): PoolPicture | undefined {
    const view = this.#deps.pools.get(key);
    if (view === undefined) return undefined;
    const shown = this.#rowOf(key, view);
    const reported = this.#deps.memory(key)?.reported;
    const from = [shown.row, reported];
    if (isSame(shown.pictureFrom, from)) return shown.picture;
    shown.pictureFrom = from;
    shown.picture = this.#pictureOf(key, shown, reported);
    return shown.picture;
  }

  /** The record of a latest decision as it was shown, if no later decision differs from it. */
  latest(key: string, id: string): DecisionRecord | undefined {
    return [...(this.#shown.get(key)?.latest.values() ?? [])].find(({ mark }) => mark.id === id)?.record;
  }

  forget(key: string): void {
    this.#shown.delete(key);
  }

  #rowOf(key: string, view: PoolView): Shown {
    const memory = this.#deps.memory(key);
    const reported = memory?.reported;
    const stale = this.#deps.gateways() === 0;
    const from = [reported ?? view, stale];
    const known = this.#shown.get(key);
    if (known !== undefined && isSame(known.rowFrom, from)) return known;
    const row = reported === undefined ? unreportedRow(view) : fleetRow({ ...reported, launches: memory?.launches ?? [] }, stale);
    const shown = known ?? { row, picture: undefined, rowFrom: from, pictureFrom: [], latest: new Map() };
    shown.row = kept(known?.row, row);
    shown.rowFrom = from;
    this.#shown.set(key, shown);
    return shown;
  }

  #pictureOf(key: string, shown: Shown, reported: Reported | undefined): PoolPicture {
    const before = shown.picture;
    const details =
      reported === undefined
        ? { groups: [], presets: [], conditions: [], latest: [] }
        : poolDetails(reported, this.#latestOf(key, shown));
    const summary = kept(before?.summary, { ...shown.row, ...details });
    const workers = keptMap(before?.workers, reported === undefined ? new Map() : workerTiles(reported));
    return before?.summary === summary && before.workers === workers ? before : { summary, workers };
  }

  /** A decision that repeats the former one keeps its id and time. */
  #latestOf(key: string, shown: Shown): readonly DecisionMark[] {
    const records = this.#deps.memory(key)?.decisions.latest ?? new Map<string, DecisionRecord>();
    shown.latest = new Map(
      [...records].map(([group, record]) => {
        const before = shown.latest.get(group);
        return [group, before !== undefined && repeats(before.record, record) ? before : { mark: decisionMark(record), record }];
      }),
    );
    return [...shown.latest.values()].map(({ mark }) => mark);
  }
}

function repeats(before: DecisionRecord, { from, to, outcome, reason }: DecisionRecord): boolean {
  return outcome === "unchanged" && before.from === from && before.to === to && before.reason === reason;
}

function isSame(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((value, index) => value === after[index]);
}
