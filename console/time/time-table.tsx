import type { DecisionMark, HistorySample } from "../../operator/api/console.ts";
import { formatDuration } from "../../operator/api/duration.ts";
import { momentText, textOf } from "../plot/units.ts";
import { poolHref } from "../shell/route.ts";
import { timeCharts } from "./charts.ts";
import { DecisionText } from "./decision-text.tsx";
import { binned } from "./samples.ts";

interface TableProps {
  readonly pool: string;
  readonly samples: readonly HistorySample[];
  /** Time of a row. */
  readonly widthMs: number;
  readonly decisions: readonly DecisionMark[];
}

/** The plots and the decisions as text, newest first. */
export function TimeTable({ pool, samples, widthMs, decisions }: TableProps) {
  const columns = timeCharts.flatMap(({ unit, figures }) => figures.map((figure) => ({ ...figure, unit })));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard can scroll the table */}
      <section class="table-scroll" tabIndex={0} aria-label="The last hours as a table">
        <table>
          <caption>
            Each row covers {formatDuration(widthMs)}: the largest value of a level, the sum of launches, waits and errors.
          </caption>
          <thead>
            <tr>
              <th scope="col">time</th>
              {columns.map(({ label }) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {binned(samples, widthMs)
              .toReversed()
              .map((row) => (
                <tr key={row.atMs}>
                  <th scope="row">{momentText(row.atMs, Date.now())}</th>
                  {columns.map(({ label, unit, value }) => {
                    const figure = value(row);
                    return <td key={label}>{figure === undefined ? "–" : textOf(unit, figure)}</td>;
                  })}
                </tr>
              ))}
          </tbody>
        </table>
      </section>
      <h3>Changes of size</h3>
      {decisions.length === 0 ? (
        <p>None in this time.</p>
      ) : (
        <ol class="decision-list">
          {decisions.toReversed().map((mark) => (
            <li key={mark.id}>
              <DecisionText mark={mark} />{" "}
              <a href={poolHref(pool, "why", mark.id)}>
                Why {mark.group} has {mark.to} workers
              </a>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
