import * as units from "@grafana/grafana-foundation-sdk/units";
import { FIRST_FRAME } from "../../../operator/telemetry/gateway-metrics.ts";
import { coldStartStages } from "../../../operator/telemetry/pool-metrics.ts";
import { CHOSEN_POOLS } from "./board.ts";
import { lines, type Query } from "./panels.ts";
import { quantile } from "./promql.ts";

/** Starts of workers are rare. */
const RANGE = "1h";

/** The stages from a worker's creation to the first frame of a session, in order. Launches that wait for a worker wait in the first five. */
export function startupQueries(q: number): readonly Query[] {
  const of = (metric: string, stage: string) => quantile(q, "", metric, `${CHOSEN_POOLS},stage="${stage}"`, RANGE);
  const launch = (stage: string) => of("avatarpool_launch_stage_duration_seconds", stage);
  return [
    ...coldStartStages.map((stage) => ({ expr: of("avatarpool_cold_start_duration_seconds", stage), legend: stage })),
    { expr: `${launch("pick")} + ${launch("forward")}`, legend: "launch" },
    { expr: `${launch(FIRST_FRAME)} or ${launch("worker")}`, legend: "first frame" },
  ];
}

export const startupRow = [0.5, 0.95].map((q) =>
  lines({
    title: `Start-up by stage, p${q * 100}`,
    description:
      "A session on a warm worker has the stages launch and first frame only. Each stage has its own percentile: the top of the stack is not that of the sum. first frame ends with the video track if the LiveKit webhook is set up, else when the worker reports that the session runs.",
    unit: units.Seconds,
    width: 12,
    stacked: true,
    queries: startupQueries(q),
  }),
);
