import type { LoadReport, PoolReport } from "./load-report.ts";

/**
 * Field names of the load line in the previous version. An upgrade replaces gateways and operators one after the other: a gateway
 * sends both names, and an operator reads either. The next version deletes this file.
 */

/** Adds the former names to a line that a gateway sends. */
export function withFormerNames(report: LoadReport): object {
  return { ...report, pools: report.pools.map(formerNamesOf) };
}

function formerNamesOf(pool: PoolReport): object {
  const launches = Object.entries(pool.launches).map(([preset, counts]) => [preset, { ...counts, cold: counts.missed }]);
  return { ...pool, launches: Object.fromEntries(launches), pressure: pool.shortages, wonBack: pool.reclaimed };
}

/** Gives a line of a gateway of the previous version the current names. */
export function withCurrentNames(line: unknown): unknown {
  if (!isRecord(line) || !Array.isArray(line.pools)) return line;
  return { ...line, pools: line.pools.map((pool: unknown) => (isRecord(pool) ? currentNamesOf(pool) : pool)) };
}

function currentNamesOf(pool: Readonly<Record<string, unknown>>): object {
  const { shortages = pool.pressure, reclaimed = pool.wonBack } = pool;
  const launches = isRecord(pool.launches)
    ? Object.fromEntries(
        Object.entries(pool.launches).map(([preset, counts]) => [
          preset,
          isRecord(counts) ? { missed: counts.cold, ...counts } : counts,
        ]),
      )
    : undefined;
  return { ...pool, launches, shortages, reclaimed };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
