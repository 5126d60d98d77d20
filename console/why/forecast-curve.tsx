import { useMemo } from "preact/hooks";
import type { DecisionDetail } from "../../operator/api/console.ts";
import { formatDuration } from "../../operator/api/duration.ts";
import { Chart } from "../plot/chart.tsx";
import { textOf } from "../plot/units.ts";

type Forecast = NonNullable<DecisionDetail["forecast"]>;

/** The forecast as a curve: how probable it is that n slots are enough. The chosen number is a vertical line. */
export function ForecastCurve({ forecast }: { readonly forecast: Forecast }) {
  const { points, chosen, level, timeToWarmMs, because } = forecast;
  const { x, series, marks, range } = useMemo(
    () => ({
      x: points.map(({ slots }) => slots),
      series: [{ label: "enough", colour: "sessions", form: "step", values: points.map(({ atMost }) => atMost) } as const],
      marks: [chosen],
      range: { min: 0, max: Math.max(1, chosen, points.at(-1)?.slots ?? 1) },
    }),
    [points, chosen],
  );
  const enough = points.find(({ slots }) => slots === chosen)?.atMost;
  const summary = `${chosen} free warm slots are chosen${enough === undefined ? "" : `: they are enough with a probability of ${textOf("probability", enough)}`}.`;
  return (
    <>
      <p>
        A new worker takes {formatDuration(timeToWarmMs)} until it is warm. The curve shows the probability that n free slots are
        enough for that time. {summary} The level of the objective is {textOf("probability", level)}.
        {because !== "" && ` The operator's reason: ${because}.`}
      </p>
      <Chart
        title="Free warm slots"
        summary={summary}
        x={x}
        xKind="slots"
        series={series}
        range={range}
        unit="probability"
        top={1}
        height={220}
        marks={marks}
        limit={{ at: level, label: "level" }}
      />
      <details>
        <summary>As a table</summary>
        <table class="inputs">
          <thead>
            <tr>
              <th scope="col">free slots</th>
              <th scope="col">probability that they are enough</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ slots, atMost }) => (
              <tr key={slots} aria-current={slots === chosen ? "true" : undefined}>
                <th scope="row">
                  {slots}
                  {slots === chosen && " (chosen)"}
                </th>
                <td>{textOf("probability", atMost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
