import { type GroupConfig, groupServes, type PoolConfig, slotUsesOf } from "../api/pool-config.ts";
import type { Random } from "../runtime/clock.ts";
import { Heap } from "./heap.ts";
import type { Trace } from "./trace.ts";

export interface GroupLoad {
  readonly group: GroupConfig;
  readonly trace: Trace;
}

interface Filling {
  readonly group: GroupConfig;
  readonly departuresS: Heap<number>;
  readonly rows: number[];
}

/**
 * Assigns launches to the groups of a pool as the gateway would if every group were at its maximum. Each launch has one of the
 * presets, with equal probability. It goes to the first group that serves the preset and has a free slot at its maximum, or to
 * the first group if none has. The assignment depends only on the trace and the pool, so each group can be replayed separately
 * under any policy.
 */
export function groupLoads(trace: Trace, pool: PoolConfig, random: Random): readonly GroupLoad[] {
  const fillings = pool.groups.map((group) => ({ group, departuresS: new Heap<number>((a, b) => a - b), rows: [] as number[] }));
  const uses = slotUsesOf(pool);
  const kinds = uses.length === 0 ? [undefined] : uses;
  const choices = kinds
    .map((kind) => fillings.filter(({ group }) => groupServes(group, kind)))
    .filter((servers) => servers.length > 0);
  if (choices.length === 0) throw new Error("no worker group serves any preset of the pool");
  trace.arrivalS.forEach((arrivalS, row) => {
    const servers = choices[Math.floor(random() * choices.length)] ?? [];
    for (const { departuresS } of servers) while ((departuresS.first ?? Number.POSITIVE_INFINITY) <= arrivalS) departuresS.take();
    const taker = servers.find(hasRoom) ?? servers[0];
    taker?.rows.push(row);
    taker?.departuresS.add(arrivalS + (trace.durationS[row] ?? 0));
  });
  return fillings.map(({ group, rows }) => ({
    group,
    trace: {
      name: trace.name,
      arrivalS: Float64Array.from(rows, (row) => trace.arrivalS[row] ?? 0),
      durationS: Float64Array.from(rows, (row) => trace.durationS[row] ?? 0),
    },
  }));
}

function hasRoom({ group, departuresS }: Filling): boolean {
  return departuresS.size < group.max * group.slotsPerWorker;
}
