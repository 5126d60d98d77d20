import { costOf, countOf } from "../ui/figures.ts";
import { Stat, Stats } from "../ui/stats.tsx";
import type { FleetTotals as Totals } from "./fleet-view.ts";

/** Sums over all pools. */
export function FleetTotals({ totals, pools }: { readonly totals: Totals; readonly pools: number }) {
  const { sessions, slots, warmSlots, queued, costPerHour, stale } = totals;
  return (
    <Stats label="Fleet">
      <Stat title="Pools" value={countOf(pools)} note={stale === 0 ? undefined : `${countOf(stale)} without load reports`} />
      <Stat title="Sessions" value={countOf(sessions)} note={`of ${countOf(slots)} slots`} />
      <Stat title="Warm slots" value={countOf(warmSlots)} note="free now" />
      <Stat title="Waiting launches" value={countOf(queued)} />
      {costPerHour === undefined ? null : <Stat title="Cost per hour" value={costOf(costPerHour)} />}
    </Stats>
  );
}
