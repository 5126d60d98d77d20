import { conditionTypes } from "../../api/conditions.ts";
import { formatDuration } from "../../api/duration.ts";
import { poolKey } from "../../api/pool-config.ts";
import type { DecisionStatus } from "../../api/v1alpha1/index.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { age } from "../table.ts";
import { conditionOf, type PoolStatus, readiness, troublesOf } from "./pool-status.ts";
import { groupRows, row, stateCounts, warmRow } from "./rows.ts";

/** One pool as text. Pure: the same pool at the same time gives the same text. */
export function poolLines(pool: PoolStatus, nowMs: number, paint: Paint): readonly string[] {
  const { config, status, decisions } = pool;
  const { groups = [], queued = 0 } = status;
  const { word, why } = readiness(pool);
  const wordPaint = word === "Ready" ? "green" : word === "NotReady" ? "red" : "yellow";
  const lines = [
    `${paint("bold", `AvatarPool ${poolKey(config)}`)}   ${paint(wordPaint, word)}: ${plainText(why)}`,
    ...troublesOf(pool).map(({ type, message }) => `${paint("yellow", `${type}:`)} ${plainText(message)}`),
    ...(config.scaling.paused ? [`${paint("yellow", "Paused:")} scaling is paused; resume it with kubectl avatarpool resume`] : []),
    "",
    ...groups.flatMap((group) => groupRows(group, paint)),
    "",
    warmRow(status, paint),
    row(
      "queue",
      queued === 0 ? "no launch waits" : paint("yellow", `${queued} ${queued === 1 ? "launch waits" : "launches wait"}`),
    ),
    row("start-up", startUp(pool, paint)),
    row("pressure", pressure(pool, paint)),
    ...(status.overflowSessions === undefined ? [] : [row("overflow", `${status.overflowSessions} sessions in the cloud`)]),
    ...(status.credits === undefined ? [] : [row("credits", `${status.credits.lastHour} in the last hour`)]),
    "",
    ...decisionRows(decisions, nowMs, paint),
  ];
  return lines.map((line) => line.trimEnd());
}

/** The same in one line, for an output that is not a terminal. */
export function poolLine(pool: PoolStatus, nowMs: number): string {
  const { config, status } = pool;
  const groups = (status.groups ?? []).map((group) => `${group.name} ${stateCounts(group)}`);
  return [
    `${new Date(nowMs).toISOString()} ${poolKey(config)} ${readiness(pool).word}: ${groups.join(", ")}`,
    `sessions ${status.sessions ?? 0}/${status.slots ?? 0}`,
    `warm slots ${status.warmSlots ?? 0}`,
    `queued ${status.queued ?? 0}`,
    `pressure ${status.pressurePerMinute ?? 0}/min`,
  ].join("; ");
}

/** Start-up times against the objective. */
function startUp(pool: PoolStatus, paint: Paint): string {
  const { config, status } = pool;
  const { targetMs, percentile } = config.objective.startup;
  const objective = `objective ${percentile}% within ${formatDuration(targetMs)}`;
  if (status.startup === undefined) return `no recent launch; ${objective}`;
  const measured = `p50 ${status.startup.p50}   p95 ${status.startup.p95}   ${objective}`;
  const condition = conditionOf(pool, conditionTypes.startupObjective);
  if (condition?.status === "True") return `${measured}: ${paint("green", "met")}`;
  return condition?.status === "False" ? `${measured}: ${paint("red", "missed")}` : measured;
}

function pressure({ status }: PoolStatus, paint: Paint): string {
  const { pressurePerMinute = 0 } = status;
  const text = `${pressurePerMinute} ${pressurePerMinute === 1 ? "launch" : "launches"} short of capacity in the last minute`;
  return pressurePerMinute === 0 ? text : paint("yellow", text);
}

function decisionRows(decisions: readonly DecisionStatus[], nowMs: number, paint: Paint): readonly string[] {
  if (decisions.length === 0) return [row("decisions", "none yet")];
  return decisions.map(({ time, group, from, to, reason }, index) => {
    const passed = age(nowMs - Date.parse(time)).padStart(4);
    return row(index === 0 ? "decisions" : "", `${paint("dim", passed)}  ${group} ${from} -> ${to}: ${plainText(reason)}`);
  });
}
