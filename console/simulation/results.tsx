import "./results.css";
import { useMemo, useState } from "preact/hooks";
import type { Outcome } from "../../operator/simulate/comparison.ts";
import type { SimulationReport } from "../../operator/simulate/report.ts";
import { columns } from "../../operator/simulate/table.ts";
import { Chart } from "../plot/chart.tsx";
import type { Range } from "../plot/range.ts";
import { Zoom } from "../plot/zoom.tsx";
import { barCharts } from "./bars.ts";

/** A minute, in hours. */
const LEAST_HOURS = 1 / 60;

/** The results of a simulation: bars, the table, and a plot over time of each policy. */
export function Results({ about, outcomes }: Pick<SimulationReport, "about" | "outcomes">) {
  const bounds = useMemo(() => boundsOf(outcomes), [outcomes]);
  const [zoom, setZoom] = useState<Range>();
  const range = zoom ?? bounds;
  const top = Math.max(1, ...outcomes.flatMap(({ timeline }) => timeline.map(({ slots, queued }) => Math.max(slots, queued))));
  return (
    <div class="simulation">
      {about.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <Bars outcomes={outcomes} />
      <h3>Figures</h3>
      <Table outcomes={outcomes} />
      <h3>Over time</h3>
      <Zoom
        range={range}
        bounds={bounds}
        least={LEAST_HOURS}
        label="Time range of the plots"
        onZoom={(next) => setZoom(next === "all" ? undefined : next)}
      >
        <div class="simulation-plots">
          {outcomes.map((outcome) => (
            <Timeline
              key={outcome.name}
              outcome={outcome}
              range={range}
              top={top}
              onZoom={(next) => setZoom(next === "all" ? undefined : next)}
            />
          ))}
        </div>
      </Zoom>
    </div>
  );
}

function boundsOf(outcomes: readonly Outcome[]): Range {
  return { min: 0, max: (outcomes[0]?.timeline.at(-1)?.atS ?? 3_600) / 3_600 };
}

function Bars({ outcomes }: { readonly outcomes: readonly Outcome[] }) {
  return (
    <div class="simulation-bars">
      {barCharts(outcomes).map(({ title, bars }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {bars.map(({ name, text, share }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <span class="bar" style={{ "--share": share }} />
                  {text}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <p class="soft small">A shorter bar is better.</p>
    </div>
  );
}

function Table({ outcomes }: { readonly outcomes: readonly Outcome[] }) {
  const [first, ...others] = columns;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard can scroll the table */}
      <section class="simulation-table" tabIndex={0} aria-label="Figures of each policy">
        <table>
          <thead>
            <tr>
              {columns.map(({ title, meaning }) => (
                <th key={title} scope="col" title={meaning}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outcomes.map((outcome) => (
              <tr key={outcome.name}>
                <th scope="row">{first?.cell(outcome)}</th>
                {others.map(({ title, cell }) => (
                  <td key={title}>{cell(outcome)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <details>
        <summary>What the columns mean</summary>
        <dl class="simulation-columns">
          {columns.map(({ title, meaning }) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

interface TimelineProps {
  readonly outcome: Outcome;
  readonly range: Range;
  readonly top: number;
  readonly onZoom: (range: Range | "all") => void;
}

function Timeline({ outcome: { name, timeline, waited, refused }, range, top, onZoom }: TimelineProps) {
  const { x, slots, sessions, queued } = useMemo(
    () => ({
      x: timeline.map(({ atS }) => atS / 3_600),
      slots: timeline.map((point) => point.slots),
      sessions: timeline.map((point) => point.sessions),
      queued: timeline.map((point) => point.queued),
    }),
    [timeline],
  );
  return (
    <Chart
      title={name}
      summary={`At most ${Math.max(0, ...sessions)} sessions and ${Math.max(0, ...slots)} slots. ${waited} launches waited, ${refused} were refused.`}
      x={x}
      xKind="hours"
      range={range}
      top={top}
      cursorKey="simulation"
      unit="count"
      onZoom={onZoom}
      series={[
        { label: "slots of all workers", colour: "slots", form: "step", values: slots },
        { label: "sessions", colour: "sessions", form: "area", values: sessions },
        { label: "waiting launches", colour: "bad", form: "line", dashed: true, values: queued },
      ]}
    />
  );
}
