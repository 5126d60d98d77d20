import type { FleetRow } from "../../operator/api/console.ts";
import { keyOf } from "../state/fleet-state.ts";
import { FleetTableRow } from "./fleet-row.tsx";
import { type FleetView, type SortKey, sortedBy } from "./fleet-view.ts";

interface Column {
  readonly title: string;
  readonly sort: SortKey;
  readonly meaning: string;
}

const columns: readonly Column[] = [
  { title: "Pool", sort: "name", meaning: "Name and namespace of the AvatarPool." },
  { title: "Health", sort: "health", meaning: "The condition that matters most now." },
  { title: "Sessions", sort: "sessions", meaning: "Sessions now, of the slots of all workers." },
  { title: "Warm", sort: "warm", meaning: "Free slots of warm workers, of those that the pool wants. The mark is what it wants." },
  {
    title: "Start-up p95",
    sort: "startup",
    meaning: "95th percentile of recent start-ups, against the objective. The mark is the objective.",
  },
  { title: "Error budget", sort: "budget", meaning: "Share of the launch error budget that remains." },
  { title: "Cost/h", sort: "cost", meaning: "Sum of costPerHour of the running workers." },
];

interface FleetTableProps {
  readonly rows: readonly FleetRow[];
  readonly view: FleetView;
  readonly onView: (view: FleetView) => void;
}

export function FleetTable({ rows, view, onView }: FleetTableProps) {
  return (
    <table class="fleet-table" onKeyDown={moveBetweenRows}>
      <caption class="hidden-text">Pools. The arrow keys move between them.</caption>
      <thead>
        <tr>
          {columns.map(({ title, sort, meaning }) => (
            <th key={sort} scope="col" aria-sort={ariaSort(view, sort)} title={meaning}>
              <button type="button" onClick={() => onView(sortedBy(view, sort))}>
                {title}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <FleetTableRow key={keyOf(row)} row={row} />
        ))}
      </tbody>
    </table>
  );
}

/** Names sort upwards, health and figures from what needs attention. */
function ariaSort({ sort, reversed }: FleetView, column: SortKey): "ascending" | "descending" | undefined {
  if (sort !== column) return undefined;
  return reversed ? "descending" : "ascending";
}

function moveBetweenRows(event: KeyboardEvent & { readonly currentTarget: HTMLTableElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links: readonly (Element | null)[] = [...event.currentTarget.querySelectorAll("tbody a")];
  const at = links.indexOf(document.activeElement);
  if (step === undefined || at < 0) return;
  event.preventDefault();
  const next = links[at + step];
  if (next instanceof HTMLElement) next.focus();
}
