import { type AgonesOptions, agones } from "../../../operator/simulate/baselines/agones.ts";
import { hpa } from "../../../operator/simulate/baselines/hpa.ts";
import { keda } from "../../../operator/simulate/baselines/keda.ts";
import { knative } from "../../../operator/simulate/baselines/knative.ts";
import { COUNT_FROM_S } from "../../../operator/simulate/comparison.ts";
import type { FleetShape, Policy } from "../../../operator/simulate/policy.ts";
import { replay } from "../../../operator/simulate/replay.ts";
import type { Trace } from "../../../operator/simulate/trace.ts";
import { type Point, paretoFrontier } from "./frontier.ts";

export interface BaselineFrontier {
  /** The frontier of each baseline. */
  readonly families: Readonly<Record<string, readonly Point[]>>;
  /** The frontier of all baselines together. */
  readonly points: readonly Point[];
  readonly replays: number;
}

/** Settings of one baseline that differ in one parameter, smallest fleet first. */
type Walk = readonly (() => Policy)[];
/** Walks that differ in another parameter, smallest fleet first. */
type Grid = readonly Walk[];

/** A walk ends at this warm share: larger fleets only cost more, and no objective is above it. */
const ALL_WARM = 0.9998;

/** Replays a trace with every setting of a fine grid for each baseline. */
export function baselineFrontier(trace: Trace, shape: FleetShape, quick = false): BaselineFrontier {
  const families: Record<string, readonly Point[]> = {};
  let replays = 0;
  // More expensive settings are irrelevant once a setting serves nearly every launch warm.
  let enoughHours = Number.POSITIVE_INFINITY;
  for (const [family, gridsOfFamily] of Object.entries(grids(shape, quick))) {
    const points: Point[] = [];
    for (const grid of gridsOfFamily) {
      for (const walk of grid) {
        const before = points.length;
        for (const make of walk) {
          const point = measure(trace, shape, make(), family);
          points.push(point);
          if (point.warmShare >= ALL_WARM) enoughHours = Math.min(enoughHours, point.workerHours);
          if (point.warmShare >= ALL_WARM || point.workerHours > enoughHours) break;
        }
        if (points.length === before + 1) break;
      }
    }
    replays += points.length;
    families[family] = paretoFrontier(points);
  }
  return { families, points: paretoFrontier(Object.values(families).flat()), replays };
}

/** Replays a policy without a deadline, so that all policies serve the same sessions. */
export function measure(trace: Trace, shape: FleetShape, policy: Policy, family: string): Point {
  const result = replay(trace, policy, { shape, countFromS: COUNT_FROM_S, deadlineS: Number.POSITIVE_INFINITY });
  return {
    policy: policy.name,
    family,
    warmShare: result.warm / result.launches,
    workerHours: result.workerHours,
    wouldHaveEnded: result.wouldHaveEnded,
    directionChanges: result.directionChanges,
  };
}

const TARGETS = steps(1, 0.05, 0.05);
const PERCENTS = steps(5, 95, 5);

/** Cheap baselines first: their results limit the walks of the others. */
function grids(shape: FleetShape, quick: boolean): Readonly<Record<string, readonly Grid[]>> {
  const { slotsPerWorker, max } = shape;
  const targets = quick ? everyOther(TARGETS) : TARGETS;
  const fewTargets = everyOther(TARGETS);
  const percents = (quick ? everyOther(PERCENTS) : PERCENTS).map((percent) => ({ percent }));
  const minima = geometric(1, max, quick ? 2 : 1.4);
  const fewMinima = geometric(1, max, 2);
  const slots = geometric(1, max * slotsPerWorker, quick ? 1.4 : 1.15);
  const servers = geometric(1, max, quick ? 1.4 : 1.15);
  const agonesGrid = (unit: AgonesOptions["unit"], buffers: readonly AgonesOptions["buffer"][]): Grid =>
    fewMinima.map((minReplicas) => buffers.map((buffer) => () => agones({ unit, buffer, minReplicas }, shape)));
  const kedaWalk = (minReplicaCount: number, cooldownS: number): Walk =>
    targets.map((target) => () => keda({ target, minReplicaCount, cooldownS }, shape));
  return {
    Agones: [
      agonesGrid("slots", fixed(slots)),
      agonesGrid("slots", percents),
      agonesGrid("servers", fixed(servers)),
      agonesGrid("servers", percents),
    ],
    HPA: [minima.map((minReplicas) => targets.map((target) => () => hpa({ target, minReplicas }, shape)))],
    // The cooldown affects only the step from one replica to none.
    KEDA: [[kedaWalk(0, 1_800)], [0, ...minima].map((minReplicaCount) => kedaWalk(minReplicaCount, 300))],
    Knative: [60, 300].flatMap((stableWindowS) =>
      [0, 300, 900].map((scaleDownDelayS) =>
        [0, ...fewMinima].map((minScale) =>
          fewTargets.map((utilization) => () => knative({ utilization, minScale, stableWindowS, scaleDownDelayS }, shape)),
        ),
      ),
    ),
  };
}

function fixed(sizes: readonly number[]): AgonesOptions["buffer"][] {
  return sizes.map((size) => ({ fixed: size }));
}

function steps(from: number, to: number, step: number): readonly number[] {
  const count = Math.round(Math.abs(to - from) / step) + 1;
  return Array.from({ length: count }, (_, index) => from + (to < from ? -index : index) * step);
}

function everyOther<T>(values: readonly T[]): readonly T[] {
  return values.filter((_, index) => index % 2 === 0);
}

/** Whole numbers in a range, each about `factor` times the previous one. */
function geometric(from: number, to: number, factor: number): readonly number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value = Math.max(value + 1, Math.round(value * factor))) values.push(value);
  return values;
}
