import type { ConsoleEvent, DecisionMark, FleetRow, HistorySample, PoolSummary, WorkerTile } from "../../operator/api/console.ts";

export type PoolState =
  | {
      readonly kind: "shown";
      readonly summary: PoolSummary;
      /** By UID. */
      readonly workers: ReadonlyMap<string, WorkerTile>;
    }
  | { readonly kind: "gone"; readonly message: string };

/** New decisions and samples of a pool since the stream shows it, oldest first. */
export interface Recent {
  readonly decisions: readonly DecisionMark[];
  readonly samples: readonly HistorySample[];
}

/** What the stream has shown so far. */
export interface ConsoleState {
  /** By `NAMESPACE/NAME`; undefined before the first event. */
  readonly fleet: ReadonlyMap<string, FleetRow> | undefined;
  readonly pools: ReadonlyMap<string, PoolState>;
  readonly recent: ReadonlyMap<string, Recent>;
}

export const emptyState: ConsoleState = { fleet: undefined, pools: new Map(), recent: new Map() };

/** An hour at one sample per 5 s. */
export const MOST_RECENT = 720;

const nothingRecent: Recent = { decisions: [], samples: [] };

export function keyOf({ namespace, name }: Pick<FleetRow, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** The state after an event. Rows and workers that did not change remain the same objects. */
export function applied(state: ConsoleState, event: ConsoleEvent): ConsoleState {
  switch (event.type) {
    case "fleet": {
      const rows = event.rows.map((row) => [keyOf(row), row] as const);
      return { ...state, fleet: merged(state.fleet, event.complete, rows, event.removed) };
    }
    case "pool": {
      const before = state.pools.get(event.pool);
      const workers = event.workers.map((worker) => [worker.uid, worker] as const);
      const shown: PoolState = {
        kind: "shown",
        summary: event.summary,
        workers: merged(before?.kind === "shown" ? before.workers : undefined, event.complete, workers, event.removed),
      };
      return { ...state, pools: new Map(state.pools).set(event.pool, shown) };
    }
    case "gone":
      return { ...state, pools: new Map(state.pools).set(event.pool, { kind: "gone", message: event.message }) };
    case "decisions":
      return withRecent(state, event.pool, ({ decisions, samples }) => {
        const known = new Set(decisions.map(({ id }) => id));
        return { samples, decisions: [...decisions, ...event.decisions.filter(({ id }) => !known.has(id))].slice(-MOST_RECENT) };
      });
    case "sample":
      return withRecent(state, event.pool, ({ decisions, samples }) => {
        const last = samples.at(-1);
        if (last !== undefined && last.atMs >= event.sample.atMs) return { decisions, samples };
        return { decisions, samples: [...samples, event.sample].slice(-MOST_RECENT) };
      });
  }
}

/** The state without the pools that are not wanted. */
export function restrictedTo(state: ConsoleState, wanted: ReadonlySet<string>): ConsoleState {
  const only = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([key]) => wanted.has(key)));
  return { ...state, pools: only(state.pools), recent: only(state.recent) };
}

/** Events that produce the fleet and the wanted pools of a state from an empty one. */
export function eventsOf(state: ConsoleState, wanted: ReadonlySet<string>): readonly ConsoleEvent[] {
  const fleet: ConsoleEvent[] =
    state.fleet === undefined ? [] : [{ type: "fleet", complete: true, rows: [...state.fleet.values()], removed: [] }];
  return [...fleet, ...[...wanted].flatMap((pool) => eventsOfPool(state, pool))];
}

function eventsOfPool({ pools, recent }: ConsoleState, pool: string): readonly ConsoleEvent[] {
  const found = pools.get(pool);
  if (found === undefined) return [];
  if (found.kind === "gone") return [{ type: "gone", pool, message: found.message }];
  const { decisions, samples } = recent.get(pool) ?? nothingRecent;
  return [
    { type: "pool", pool, complete: true, summary: found.summary, workers: [...found.workers.values()], removed: [] },
    ...(decisions.length === 0 ? [] : [{ type: "decisions", pool, decisions } as const]),
    ...samples.map((sample) => ({ type: "sample", pool, sample }) as const),
  ];
}

function merged<T>(
  before: ReadonlyMap<string, T> | undefined,
  complete: boolean,
  changed: readonly (readonly [string, T])[],
  removed: readonly string[],
): ReadonlyMap<string, T> {
  const after = new Map(complete ? [] : before);
  for (const [key, value] of changed) after.set(key, value);
  for (const key of removed) after.delete(key);
  return after;
}

function withRecent(state: ConsoleState, pool: string, change: (recent: Recent) => Recent): ConsoleState {
  return { ...state, recent: new Map(state.recent).set(pool, change(state.recent.get(pool) ?? nothingRecent)) };
}
