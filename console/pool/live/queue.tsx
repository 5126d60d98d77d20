import type { PoolSummary } from "../../../operator/api/console.ts";
import { countOf } from "../../ui/figures.ts";

/** Warm slots and waiting launches of each preset. */
export function Queue({ presets }: Pick<PoolSummary, "presets">) {
  return (
    <section class="card" aria-labelledby="queue-title">
      <h2 id="queue-title">Presets and queue</h2>
      <table class="plain-table">
        <thead>
          <tr>
            <th scope="col">Preset</th>
            <th scope="col" class="right">
              Warm slots
            </th>
            <th scope="col" class="right">
              Waiting
            </th>
          </tr>
        </thead>
        <tbody>
          {presets.map(({ name, warmSlots, queued }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class={warmSlots === 0 ? "right bad" : "right"}>{countOf(warmSlots)}</td>
              <td class={queued > 0 ? "right warn" : "right"}>{countOf(queued)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
