import "./fleet-page.css";
import { useEffect, useMemo } from "preact/hooks";
import { useFleet } from "../state/hooks.ts";
import { plural } from "../ui/figures.ts";
import { FleetFilter } from "./fleet-filter.tsx";
import { FleetTable } from "./fleet-table.tsx";
import { FleetTotals } from "./fleet-totals.tsx";
import { everyRow, type FleetView, rowsOf, totalsOf } from "./fleet-view.ts";
import { NoPools } from "./no-pools.tsx";

interface FleetPageProps {
  readonly view: FleetView;
  readonly onView: (view: FleetView) => void;
}

/** All pools that the viewer may get, one row each. */
export function FleetPage({ view, onView }: FleetPageProps) {
  const fleet = useFleet();
  const totals = useMemo(() => totalsOf(fleet?.values() ?? []), [fleet]);
  const rows = useMemo(() => (fleet === undefined ? [] : rowsOf(fleet, view)), [fleet, view]);
  useEffect(() => {
    document.title = totals.health.failed > 0 ? `(${totals.health.failed} failed) AvatarPool` : "AvatarPool";
  }, [totals]);
  if (fleet === undefined)
    return (
      <p class="loading soft" role="status">
        Loading the fleet…
      </p>
    );
  if (fleet.size === 0) return <NoPools />;
  return (
    <>
      <h1 class="hidden-text">Fleet</h1>
      <FleetTotals totals={totals} pools={fleet.size} />
      <FleetFilter view={view} onView={onView} health={totals.health} />
      <p class="hidden-text" role="status">
        {plural(rows.length, "pool")} shown
      </p>
      {rows.length > 0 ? (
        <FleetTable rows={rows} view={view} onView={onView} />
      ) : (
        <p class="card">
          No pool matches.{" "}
          <button type="button" onClick={() => onView(everyRow)}>
            Show all pools
          </button>
        </p>
      )}
    </>
  );
}
