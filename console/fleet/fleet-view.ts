import type { FleetRow } from "../../operator/api/console.ts";
import { keyOf } from "../state/fleet-state.ts";

export type Health = FleetRow["health"];

/** The worst first. */
export const healths = ["failed", "degraded", "starting", "paused", "ok"] as const satisfies readonly Health[];

export const sortKeys = ["health", "name", "sessions", "warm", "startup", "budget", "cost"] as const;
export type SortKey = (typeof sortKeys)[number];

/** Which rows the viewer wants to see, in which order. */
export interface FleetView {
  readonly search: string;
  /** Undefined for every health. */
  readonly health: Health | undefined;
  readonly sort: SortKey;
  /** Against the natural order of the sort key. */
  readonly reversed: boolean;
}

export const everyRow: FleetView = { search: "", health: undefined, sort: "health", reversed: false };

/** The rows of a view. Each word of the search occurs in the key or the sentence. */
export function rowsOf(fleet: ReadonlyMap<string, FleetRow>, view: FleetView): readonly FleetRow[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...fleet.values()].filter((row) => {
    if (view.health !== undefined && row.health !== view.health) return false;
    const text = `${keyOf(row)} ${row.sentence} ${row.health}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const sign = view.reversed ? -1 : 1;
  return rows.sort((one, other) => sign * compare[view.sort](one, other) || byName(one, other));
}

/** The view after a click on a column: the same column reverses the order. */
export function sortedBy(view: FleetView, sort: SortKey): FleetView {
  return { ...view, sort, reversed: view.sort === sort && !view.reversed };
}

type Compare = (one: FleetRow, other: FleetRow) => number;

/** What needs a person is first: the worst health, the most sessions, the fewest warm slots, the slowest start-up. */
const compare: Readonly<Record<SortKey, Compare>> = {
  health: (one, other) => healths.indexOf(one.health) - healths.indexOf(other.health),
  name: byName,
  sessions: (one, other) => other.sessions - one.sessions,
  warm: (one, other) => warmth(one) - warmth(other),
  startup: (one, other) => slowness(other) - slowness(one),
  budget: (one, other) => (one.errorBudget ?? 2) - (other.errorBudget ?? 2),
  cost: (one, other) => (other.costPerHour ?? -1) - (one.costPerHour ?? -1),
};

function byName(one: FleetRow, other: FleetRow): number {
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

/** Warm slots beyond the wanted ones. */
function warmth({ warmSlots, warmWanted = 0 }: FleetRow): number {
  return warmSlots - warmWanted;
}

/** Start-up time as a share of its objective. */
function slowness({ startupP95Ms, objectiveMs }: FleetRow): number {
  return startupP95Ms === undefined ? -1 : startupP95Ms / objectiveMs;
}

export interface FleetTotals {
  readonly health: Readonly<Record<Health, number>>;
  readonly sessions: number;
  readonly slots: number;
  readonly warmSlots: number;
  readonly queued: number;
  /** Undefined if no pool has a cost. */
  readonly costPerHour: number | undefined;
  readonly stale: number;
}

/** Sums over all pools. */
export function totalsOf(rows: Iterable<FleetRow>): FleetTotals {
  const health = { failed: 0, degraded: 0, starting: 0, paused: 0, ok: 0 };
  let totals: Omit<FleetTotals, "health"> = { sessions: 0, slots: 0, warmSlots: 0, queued: 0, costPerHour: undefined, stale: 0 };
  for (const row of rows) {
    health[row.health] += 1;
    totals = {
      sessions: totals.sessions + row.sessions,
      slots: totals.slots + row.slots,
      warmSlots: totals.warmSlots + row.warmSlots,
      queued: totals.queued + row.queued,
      costPerHour: row.costPerHour === undefined ? totals.costPerHour : (totals.costPerHour ?? 0) + row.costPerHour,
      stale: totals.stale + (row.stale ? 1 : 0),
    };
  }
  return { ...totals, health };
}
