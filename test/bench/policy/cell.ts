import { clairvoyantBoundHours } from "../../../operator/simulate/clairvoyant.ts";
import { COUNT_FROM_S } from "../../../operator/simulate/comparison.ts";
import type { FleetShape, Policy } from "../../../operator/simulate/policy.ts";
import { poolPolicy } from "../../../operator/simulate/pool-policy.ts";
import { replay } from "../../../operator/simulate/replay.ts";
import type { Trace } from "../../../operator/simulate/trace.ts";
import { gpuOnly, pool } from "../../support/pools.ts";
import { type BaselineFrontier, baselineFrontier, measure } from "./baselines.ts";
import { type Comparison, compare } from "./compare.ts";
import { cheapestAt, hullHoursAt, type Point } from "./frontier.ts";
import { benchTraces } from "./traces.ts";

/** One trace on one shape of fleet: a row of the table. */
export interface Cell {
  readonly trace: string;
  readonly slots: number;
  readonly timeToWarmS: number;
}

export interface CellResult extends Cell {
  readonly preparation: string;
  readonly launches: number;
  /** The fewest worker-hours that serve the sessions, with perfect packing. */
  readonly packingBoundHours: number;
  /** Lower bounds at 99% and 99.9% warm, with knowledge of the future. */
  readonly clairvoyant99Hours: number;
  readonly clairvoyant999Hours: number;
  /** Worker-hours of AvatarPool over those of the best baseline with at least its warm share. */
  readonly ratio99: number | undefined;
  readonly ratio999: number | undefined;
  readonly own99: Comparison;
  readonly own999: Comparison;
  /** Cheapest setting of a baseline at a warm share, chosen in hindsight. */
  readonly best99: Best | undefined;
  readonly best999: Best | undefined;
  readonly baselines: BaselineFrontier;
  readonly seconds: number;
}

export interface Best extends Point {
  /** On the lower convex hull, at exactly this share. */
  readonly hullHours: number | undefined;
}

export const SHAPES: readonly { readonly slots: number; readonly timeToWarmS: number }[] = [
  { slots: 8, timeToWarmS: 45 },
  { slots: 4, timeToWarmS: 45 },
  { slots: 2, timeToWarmS: 25 },
  { slots: 1, timeToWarmS: 120 },
];

/** More workers than any trace needs, so that the maximum limits no policy. */
const MAX_WORKERS = 4_096;

export function fleetShape({ slots, timeToWarmS }: Pick<Cell, "slots" | "timeToWarmS">): FleetShape {
  return { slotsPerWorker: slots, timeToWarmS, min: 0, max: MAX_WORKERS };
}

export function runCell(cell: Cell, folder: string, quick: boolean): CellResult {
  const source = benchTraces.find(({ name }) => name === cell.trace);
  if (source === undefined) throw new Error(`unknown trace ${cell.trace}`);
  const startMs = performance.now();
  const trace = source.load(folder);
  const shape = fleetShape(cell);
  const baselines = baselineFrontier(trace, shape, quick);
  const own = (objective: number) =>
    compare(objective, measure(trace, shape, policyOf(100 * objective, shape), "AvatarPool"), baselines);
  const own99 = own(0.99);
  const own999 = own(0.999);
  return {
    ...cell,
    preparation: source.preparation,
    launches: trace.arrivalS.length,
    packingBoundHours: packingBoundHours(trace, shape),
    clairvoyant99Hours: clairvoyantBoundHours(trace, shape, 0.99, COUNT_FROM_S),
    clairvoyant999Hours: clairvoyantBoundHours(trace, shape, 0.999, COUNT_FROM_S),
    ratio99: own99.ratio,
    ratio999: own999.ratio,
    own99,
    own999,
    best99: bestAt(baselines.points, 0.99),
    best999: bestAt(baselines.points, 0.999),
    baselines,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
  };
}

/** The policy of a pool that sets only `objective.launchSuccess`. */
function policyOf(launchSuccess: number, shape: FleetShape): Policy {
  const { config } = pool({ ...gpuOnly, objective: { launchSuccess } });
  const [group] = config.groups;
  if (group === undefined) throw new Error("the pool has no worker group");
  return poolPolicy(config, 0)(shape, group);
}

/** From a replay in which no launch waits. */
function packingBoundHours(trace: Trace, shape: FleetShape): number {
  const plenty: Policy = { name: "plenty", syncS: 3_600, eventDriven: false, removes: "empty", decide: () => shape.max };
  return replay(trace, plenty, { shape, countFromS: COUNT_FROM_S, deadlineS: Number.POSITIVE_INFINITY }).packingBoundHours;
}

function bestAt(points: readonly Point[], warmShare: number): Best | undefined {
  const point = cheapestAt(points, warmShare);
  return point === undefined ? undefined : { ...point, hullHours: hullHoursAt(points, warmShare) };
}
