import { conditionTypes } from "../../api/conditions.ts";
import { formatDuration } from "../../api/duration.ts";
import type { Paint } from "../paint.ts";
import { age, type Cell, table } from "../table.ts";
import { type PoolStatus, readiness, troublesOf } from "./pool-status.ts";

export interface TableOptions {
  /** With the namespace of each pool. */
  readonly namespaces: boolean;
  /** With the size of each group, the last decision and the most urgent message. */
  readonly wide: boolean;
}

/** Several pools as a table, one row each. */
export function poolTable(
  pools: readonly PoolStatus[],
  { namespaces, wide }: TableOptions,
  nowMs: number,
  paint: Paint,
): readonly string[] {
  const header = [
    ...(namespaces ? ["NAMESPACE"] : []),
    ...["POOL", "STATE", "SESSIONS", "SLOTS", "WARM", "QUEUED", "PRESSURE/MIN", "P95", "OBJECTIVE"],
    ...(wide ? ["WORKERS", "LAST DECISION", "MESSAGE"] : []),
  ];
  return table(
    header,
    pools.map((pool) => {
      const { config, status } = pool;
      return [
        ...(namespaces ? [config.namespace] : []),
        config.name,
        stateOf(pool, paint),
        ...[status.sessions, status.slots, status.warmSlots, status.queued, status.pressurePerMinute].map((n) => String(n ?? 0)),
        status.startup?.p95 ?? "-",
        formatDuration(config.objective.startup.targetMs),
        ...(wide ? [workers(pool), lastDecision(pool, nowMs), troublesOf(pool)[0]?.message ?? readiness(pool).why] : []),
      ];
    }),
  );
}

function stateOf(pool: PoolStatus, paint: Paint): Cell {
  const { word } = readiness(pool);
  const [trouble] = troublesOf(pool);
  const more = trouble?.type ?? (pool.config.scaling.paused ? conditionTypes.paused : undefined);
  const text = word === "Ready" && more !== undefined ? `${word},${more}` : word;
  const style = word === "NotReady" ? "red" : text === "Ready" ? "green" : "yellow";
  return { text, paint: (plain) => paint(style, plain) };
}

function workers({ config, status }: PoolStatus): string {
  const groups = (status.groups ?? []).map(({ name, warm, desired }) => {
    const max = config.groups.find((group) => group.name === name)?.max;
    return `${name} ${warm}/${desired}${max === undefined ? "" : ` (max ${max})`}`;
  });
  return groups.join(", ") || "-";
}

function lastDecision({ decisions }: PoolStatus, nowMs: number): string {
  const [last] = decisions;
  return last === undefined ? "-" : `${last.group} ${last.from} -> ${last.to}, ${age(nowMs - Date.parse(last.time))} ago`;
}
