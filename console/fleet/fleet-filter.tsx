import { useEffect, useRef } from "preact/hooks";
import { countOf } from "../ui/figures.ts";
import { Health, healthWords } from "../ui/health.tsx";
import { type FleetView, type Health as HealthKind, healths, type SortKey } from "./fleet-view.ts";

interface FleetFilterProps {
  readonly view: FleetView;
  readonly onView: (view: FleetView) => void;
  readonly health: Readonly<Record<HealthKind, number>>;
}

/** Search, health and, where the table has no header, the order. */
export function FleetFilter({ view, onView, health }: FleetFilterProps) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focusSearch = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.target !== document.body) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", focusSearch);
    return () => removeEventListener("keydown", focusSearch);
  }, []);
  return (
    <search class="fleet-filter">
      <label>
        <span class="hidden-text">Search pools</span>
        <input
          ref={search}
          type="search"
          placeholder="Search pools  /"
          value={view.search}
          onInput={({ currentTarget }) => onView({ ...view, search: currentTarget.value })}
        />
      </label>
      <fieldset class="chips">
        <legend class="hidden-text">Health</legend>
        {healths
          .filter((each) => health[each] > 0 || view.health === each)
          .map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={view.health === each}
              onClick={() => onView({ ...view, health: view.health === each ? undefined : each })}
            >
              <Health health={each} wordless />
              {healthWords[each]} <span class="soft">{countOf(health[each])}</span>
            </button>
          ))}
      </fieldset>
      <label class="fleet-sort">
        Order{" "}
        <select
          value={view.sort}
          onChange={({ currentTarget }) => onView({ ...view, sort: currentTarget.value as SortKey, reversed: false })}
        >
          {Object.entries(sortWords).map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

const sortWords: Readonly<Record<SortKey, string>> = {
  health: "Worst health first",
  name: "Name",
  sessions: "Most sessions first",
  warm: "Fewest warm slots first",
  startup: "Slowest start-up first",
  budget: "Smallest error budget first",
  cost: "Highest cost first",
};
