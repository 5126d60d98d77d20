import "uplot/dist/uPlot.min.css";
import "./plot.css";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colourOf, onColoursChange, type PlotColour } from "./colours.ts";
import type { Range } from "./range.ts";
import { hourSteps, hoursText, stepsOf, textOf, timeText, type Unit } from "./units.ts";

export interface ChartSeries {
  readonly label: string;
  readonly colour: PlotColour;
  /** `step`: a value holds until the next one. `bars`: a count per interval. `points`: values that many intervals lack. */
  readonly form: "line" | "step" | "area" | "bars" | "points";
  /** Tells lines apart without their colours. */
  readonly dashed?: boolean;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** One or two sentences with the main figures, for screen readers. */
  readonly summary: string;
  /** Ascending. */
  readonly x: readonly number[];
  readonly xKind: "time" | "hours" | "slots";
  readonly series: readonly ChartSeries[];
  readonly range: Range;
  readonly unit: Unit;
  readonly height?: number;
  /** Upper end of the y axis. Undefined: of the visible values. */
  readonly top?: number;
  /** Whether the x axis has labels. Default: true. */
  readonly hasLabels?: boolean;
  /** Charts with the same key share the cursor. */
  readonly cursorKey?: string;
  /** Vertical lines. */
  readonly marks?: readonly number[];
  /** A horizontal line, such as an objective. */
  readonly limit?: { readonly at: number; readonly label: string };
  readonly onZoom?: (range: Range | "all") => void;
}

const xAxes: Readonly<Record<ChartProps["xKind"], uPlot.Axis>> = {
  time: { space: 80, values: (_, splits, __, ___, stepMs) => splits.map((split) => timeText(split, stepMs)) },
  hours: { incrs: hourSteps, space: 70, values: (_, splits) => splits.map(hoursText) },
  slots: { incrs: stepsOf("count"), values: (_, splits) => splits.map((split) => textOf("count", split)) },
};

/** Space around the plotting area in CSS pixels: marks outside of the canvas align with it. */
export const plotPadding = { left: 52, right: 12 } as const;

/** A selection narrower than this is a click. */
const LEAST_DRAG_PX = 6;

/** One plot. It follows its width, the colour scheme and the visible range. A legend below shows the values at the cursor. */
export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [at, setAt] = useState<number>();
  const titleId = useId();
  const { title, summary, x, xKind, series, range, unit, limit, marks, top, height = 130 } = props;
  const shape = series.map(({ label, form, colour }) => `${label} ${form} ${colour}`).join();

  // Data and ranges change without a new plot.
  useEffect(() => {
    const parent = box.current;
    if (parent === null) return;
    const made = new uPlot(optionsOf(latest, parent.clientWidth, height, setAt), dataOf(latest.current), parent);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height }));
    resized.observe(parent);
    const stop = onColoursChange(() => made.redraw(false));
    return () => {
      stop();
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, height, xKind, props.cursorKey, unit]);

  useEffect(() => {
    const made = plot.current;
    if (made === undefined) return;
    made.batch(() => {
      made.setData(dataOf({ x, series }), false);
      made.setScale("x", { min: range.min, max: range.max });
    });
  }, [x, series, range.min, range.max, marks, limit?.at, top]);

  const shown = at ?? x.length - 1;
  return (
    <figure class="plot" aria-labelledby={titleId}>
      <figcaption>
        <span class="plot-title" id={titleId}>
          {title}
        </span>
        <ul class="plot-legend">
          {at !== undefined && <li class="soft">{xText(xKind, x[at])}</li>}
          {series.map(({ label, colour, dashed, form, values }) => (
            <li key={label}>
              <span class={`swatch ${form}${dashed ? " dashed" : ""}`} style={{ "--of": `var(--plot-${colour})` }} />
              {label} <b>{textAt(values, shown, unit)}</b>
            </li>
          ))}
          {limit !== undefined && (
            <li>
              <span class="swatch limit" />
              {limit.label} <b>{textOf(unit, limit.at)}</b>
            </li>
          )}
        </ul>
      </figcaption>
      <div class="plot-canvas" ref={box} role="img" aria-label={`${title}. ${summary}`} />
    </figure>
  );
}

function textAt(values: readonly (number | null)[], index: number, unit: Unit): string {
  const value = values[index];
  return value === null || value === undefined ? "–" : textOf(unit, value);
}

function xText(kind: ChartProps["xKind"], value = 0): string {
  switch (kind) {
    case "time":
      return timeText(value, 0);
    case "hours":
      return hoursText(value);
    case "slots":
      return `${value} slots`;
  }
}

function dataOf({ x, series }: Pick<ChartProps, "x" | "series">): uPlot.AlignedData {
  return [x as number[], ...series.map(({ values }) => values as (number | null)[])];
}

function optionsOf(
  latest: { readonly current: ChartProps },
  width: number,
  height: number,
  onCursor: (index: number | undefined) => void,
): uPlot.Options {
  const { xKind, series, cursorKey, unit, hasLabels = true, onZoom } = latest.current;
  const font = "12px system-ui, sans-serif";
  const axis = {
    font,
    stroke: () => colourOf("ink"),
    grid: { stroke: () => colourOf("grid"), width: 1 },
    ticks: { show: false },
  } satisfies uPlot.Axis;
  return {
    width,
    height,
    ms: 1,
    padding: [8, plotPadding.right, hasLabels ? 0 : 8, 0],
    legend: { show: false },
    scales: {
      x: { time: xKind === "time", auto: false, range: () => [latest.current.range.min, latest.current.range.max] },
      y: { range: (_, __, most) => [0, topOf(latest.current, most)] },
    },
    axes: [
      { ...axis, ...xAxes[xKind], ...(hasLabels ? { size: 28 } : { size: 0, values: () => [] }) },
      {
        ...axis,
        size: plotPadding.left,
        space: 28,
        incrs: stepsOf(unit),
        values: (_, splits) => splits.map((split) => textOf(unit, split)),
      },
    ],
    series: [{}, ...series.map(seriesOptions)],
    cursor: {
      y: false,
      drag: { x: onZoom !== undefined, y: false, setScale: false },
      points: { size: 6 },
      ...(cursorKey !== undefined && { sync: { key: cursorKey } }),
      bind: {
        dblclick: () => () => {
          latest.current.onZoom?.("all");
          return null;
        },
      },
    },
    hooks: {
      setCursor: [({ cursor: { idx } }) => onCursor(idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged < LEAST_DRAG_PX) return;
          latest.current.onZoom?.({ min: plot.posToVal(left, "x"), max: plot.posToVal(left + dragged, "x") });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawLines(plot, latest.current)],
    },
  };
}

function seriesOptions({ form, colour, dashed }: ChartSeries): uPlot.Series {
  const { stepped, bars } = uPlot.paths;
  const paths = form === "step" ? stepped?.({ align: 1 }) : form === "bars" ? bars?.({ size: [0.8, 24], align: 1 }) : undefined;
  return {
    stroke: () => colourOf(colour),
    width: form === "bars" ? 0 : 1.5,
    points: form === "points" ? { show: true, size: 5, fill: () => colourOf(colour) } : { show: false },
    spanGaps: form === "points",
    ...(dashed && { dash: [6, 4] }),
    ...((form === "area" || form === "bars") && { fill: () => colourOf(colour, form === "area" ? 0.25 : 1) }),
    ...(paths !== undefined && { paths }),
  };
}

function topOf({ top, limit }: ChartProps, most: number | null): number {
  if (top !== undefined) return top;
  return Math.max(1, (most ?? 0) * 1.1, (limit?.at ?? 0) * 1.1);
}

function drawLines(plot: uPlot, { marks = [], limit }: ChartProps): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.strokeStyle = colourOf("mark");
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  for (const mark of marks) {
    const left = Math.round(plot.valToPos(mark, "x", true));
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
  }
  ctx.stroke();
  if (limit !== undefined) {
    const top = Math.round(plot.valToPos(limit.at, "y", true));
    ctx.strokeStyle = colourOf("limit");
    ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, top);
    ctx.lineTo(bbox.left + bbox.width, top);
    ctx.stroke();
  }
  ctx.restore();
}
