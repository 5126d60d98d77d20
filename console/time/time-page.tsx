import "./time.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { History, PoolSummary } from "../../operator/api/console.ts";
import { formatDuration } from "../../operator/api/duration.ts";
import { Chart } from "../plot/chart.tsx";
import type { Range } from "../plot/range.ts";
import { momentText } from "../plot/units.ts";
import { Zoom } from "../plot/zoom.tsx";
import type { PoolTabProps } from "../pool/pool-tab-props.ts";
import { useRecent, useSession, useStatus } from "../state/hooks.ts";
import { Notice } from "../ui/notice.tsx";
import { launchesSentence, summaryOf, type TimeChart, timeCharts } from "./charts.ts";
import { DecisionStrip } from "./decision-strip.tsx";
import { binned, binWidthMs, columnsOf, withRecent } from "./samples.ts";
import { TimeTable } from "./time-table.tsx";

const HOUR_MS = 3_600_000;
const spans = [
  { label: "15 minutes", ms: HOUR_MS / 4 },
  { label: "1 hour", ms: HOUR_MS },
  { label: "6 hours", ms: 6 * HOUR_MS },
  { label: "24 hours", ms: 24 * HOUR_MS },
  { label: "7 days", ms: 7 * 24 * HOUR_MS },
  { label: "14 days", ms: 14 * 24 * HOUR_MS },
] as const;
const DEFAULT_SPAN_MS = 6 * HOUR_MS;

/** Smallest visible time. */
const LEAST_MS = 10_000;
const TABLE_ROWS = 60;
const BARS = 180;
/** More would be closer than a pixel, and each new sample draws all of them again. */
const POINTS = 800;

/** The last hours of a pool as plots with one time axis, or as a table. Live samples follow at the right. */
export function TimePage({ pool, state }: PoolTabProps) {
  const [spanMs, setSpanMs] = useState<number>(DEFAULT_SPAN_MS);
  const [isTable, setIsTable] = useState(false);
  const loaded = useHistory(pool, spanMs);
  return (
    <section class="time" aria-labelledby="time-title">
      <header>
        <h2 id="time-title">The last hours</h2>
        <label>
          Time{" "}
          <select value={spanMs} onChange={({ currentTarget }) => setSpanMs(Number(currentTarget.value))}>
            {spans.map(({ label, ms }) => (
              <option key={ms} value={ms}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={isTable} onChange={({ currentTarget }) => setIsTable(currentTarget.checked)} /> as a table
        </label>
      </header>
      {loaded.error !== undefined && (
        <Notice tone="bad" title="The history is not available" announce>
          {loaded.error}
        </Notice>
      )}
      {loaded.history === undefined ? (
        loaded.error === undefined && <p class="soft loading">Loading the last hours…</p>
      ) : (
        <Hours key={spanMs} pool={pool} summary={state.summary} history={loaded.history} spanMs={spanMs} isTable={isTable} />
      )}
    </section>
  );
}

interface HoursProps {
  readonly pool: string;
  readonly summary: PoolSummary;
  readonly history: History;
  readonly spanMs: number;
  readonly isTable: boolean;
}

function Hours({ pool, summary, history, spanMs, isTable }: HoursProps) {
  const [zoom, setZoom] = useState<Range>();
  const { samples, decisions, toMs, stepMs } = history;
  const firstMs = samples[0]?.atMs;
  const bounds = { min: Math.max(toMs - spanMs, Math.min(firstMs ?? toMs, toMs - 60_000)), max: toMs };
  const { min, max } = zoom ?? bounds;
  const visible = useMemo(() => samples.filter(({ atMs }) => atMs >= min && atMs <= max), [samples, min, max]);
  const changes = useMemo(() => decisions.filter(({ atMs }) => atMs >= min && atMs <= max), [decisions, min, max]);
  const marks = useMemo(() => changes.map(({ atMs }) => atMs), [changes]);
  const onZoom = (next: Range | "all") => setZoom(next === "all" ? undefined : next);
  if (firstMs === undefined) return <p>No sample yet. The operator records the first one within a few seconds.</p>;
  return (
    <>
      <p>
        {momentText(min, toMs)} to {momentText(max, toMs)}: {launchesSentence(visible)}
        {firstMs > toMs - spanMs + 2 * stepMs && ` Records begin at ${momentText(firstMs, toMs)}.`}
      </p>
      <Zoom range={{ min, max }} bounds={bounds} least={LEAST_MS} label="Visible time" onZoom={onZoom}>
        {isTable ? (
          <TimeTable pool={pool} samples={visible} widthMs={binWidthMs(max - min, TABLE_ROWS, stepMs)} decisions={changes} />
        ) : (
          <>
            <DecisionStrip pool={pool} decisions={changes} range={{ min, max }} />
            {timeCharts.map((chart) => (
              <HistoryChart
                key={chart.title}
                chart={chart}
                history={history}
                summary={summaryOf(chart, visible)}
                range={{ min, max }}
                marks={marks}
                objective={chart.unit === "milliseconds" ? summary : undefined}
                onZoom={onZoom}
              />
            ))}
          </>
        )}
      </Zoom>
    </>
  );
}

interface HistoryChartProps {
  readonly chart: TimeChart;
  readonly history: History;
  readonly summary: string;
  readonly range: Range;
  readonly marks: readonly number[];
  readonly objective: Pick<PoolSummary, "objectiveMs" | "objectivePercentile"> | undefined;
  readonly onZoom: (range: Range | "all") => void;
}

function HistoryChart({ chart, history: { samples, stepMs }, objective, ...rest }: HistoryChartProps) {
  const { min, max } = rest.range;
  const widthMs = binWidthMs(max - min, chart.hasBars ? BARS : POINTS, stepMs);
  const { x, series } = useMemo(() => {
    const columns = columnsOf(
      widthMs > stepMs ? binned(samples, widthMs) : samples,
      widthMs,
      chart.figures.map(({ value }) => value),
    );
    return { x: columns.x, series: chart.figures.map((figure, index) => ({ ...figure, values: columns.values[index] ?? [] })) };
  }, [chart, samples, widthMs]);
  const limit =
    objective === undefined
      ? undefined
      : { at: objective.objectiveMs, label: `objective for ${objective.objectivePercentile}% of the launches` };
  return (
    <Chart
      {...rest}
      title={chart.hasBars ? `${chart.title} per ${formatDuration(widthMs)}` : chart.title}
      hasLabels={chart === timeCharts.at(-1)}
      unit={chart.unit}
      x={x}
      xKind="time"
      series={series}
      cursorKey="time"
      height={chart === timeCharts.at(-1) ? 124 : 96}
      {...(limit !== undefined && { limit })}
    />
  );
}

/** The history of a time span, with what the stream has added since. */
function useHistory(pool: string, spanMs: number): { readonly history: History | undefined; readonly error: string | undefined } {
  const { api } = useSession();
  const recent = useRecent(pool);
  // After an interruption, the history has what the stream missed.
  const isLive = useStatus().kind === "live";
  const [loaded, setLoaded] = useState<{ readonly history?: History; readonly error?: string }>({});
  useEffect(() => {
    const abort = new AbortController();
    const nowMs = Date.now();
    api.history(pool, nowMs - spanMs, nowMs, abort.signal).then(
      (history) => setLoaded({ history }),
      (error: Error) => !abort.signal.aborted && setLoaded({ error: error.message }),
    );
    return () => abort.abort();
  }, [api, pool, spanMs, isLive]);
  const { history } = loaded;
  const complete = useMemo(
    () => (history === undefined || recent === undefined ? history : withRecent(history, recent)),
    [history, recent],
  );
  return { history: complete, error: loaded.error };
}
