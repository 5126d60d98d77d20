import { memo } from "preact/compat";
import type { FleetRow } from "../../operator/api/console.ts";
import { poolHref } from "../shell/route.ts";
import { keyOf } from "../state/fleet-state.ts";
import { costOf, countOf, durationOf, shareOf } from "../ui/figures.ts";
import { Health } from "../ui/health.tsx";
import { Meter } from "../ui/meter.tsx";
import { budgetTone, startupTone, warmTone } from "../ui/tones.ts";

/** A pool in the fleet's table. It draws again only if its row is another object. */
export const FleetTableRow = memo(function FleetTableRow({ row }: { readonly row: FleetRow }) {
  const { namespace, name, health, sentence, sessions, slots, warmSlots, warmWanted, queued, stale } = row;
  const { startupP95Ms, objectiveMs, errorBudget, costPerHour } = row;
  const most = Math.max(warmSlots, warmWanted ?? 0, 1);
  return (
    <tr class={stale ? "stale" : undefined}>
      <th scope="row" class="fleet-name">
        <a href={poolHref(keyOf(row))}>{name}</a>
        <span class="soft small">{namespace}</span>
      </th>
      <td class="fleet-health">
        <p title={sentence}>
          <Health health={health} />
          <span class="soft small">{sentence}</span>
        </p>
      </td>
      <td data-label="Sessions" class="number">
        {countOf(sessions)} <span class="soft">/ {countOf(slots)}</span>
        {queued > 0 ? <span class="fleet-queued">{countOf(queued)} waiting</span> : null}
        <Meter share={sessions / Math.max(1, slots)} />
      </td>
      <td data-label="Warm" class="number">
        {countOf(warmSlots)} <span class="soft">/ {warmWanted === undefined ? "–" : countOf(warmWanted)}</span>
        <Meter share={warmSlots / most} mark={warmWanted === undefined ? undefined : warmWanted / most} tone={warmTone(row)} />
      </td>
      <td data-label="Start-up" class="number">
        {durationOf(startupP95Ms)} <span class="soft">/ {durationOf(objectiveMs)}</span>
        <Meter share={(startupP95Ms ?? 0) / (1.5 * objectiveMs)} mark={1 / 1.5} tone={startupTone(row)} />
      </td>
      <td data-label="Error budget" class="number">
        {shareOf(errorBudget)}
        <Meter share={errorBudget ?? 0} tone={budgetTone(errorBudget)} />
      </td>
      <td data-label="Cost per hour" class="number">
        {costOf(costPerHour)}
      </td>
    </tr>
  );
});
