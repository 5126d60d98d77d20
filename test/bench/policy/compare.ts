import { cheapestAt, hullHoursAt, type Point } from "./frontier.ts";
import type { RivalFrontier } from "./rivals.ts";

/** Our policy, asked for one objective, beside the rivals at the warm share that it reached. */
export interface Comparison {
  readonly own: Point;
  /** Share of launches that it was asked to serve warm. */
  readonly objective: number;
  /** How much it fell short of that: 0 where it reached it. */
  readonly shortfall: number;
  /** Cheapest setting of a rival with at least our warm share; none where no rival reaches it. */
  readonly rival: Point | undefined;
  /** Our worker-hours over that rival's. */
  readonly ratio: number | undefined;
  /** Over the lower convex hull of the rivals: stricter. */
  readonly hullRatio: number | undefined;
  /** Our changes of direction over those of the cheapest HPA with at least our warm share. */
  readonly turnsRatio: number | undefined;
}

export function compare(objective: number, own: Point, { points, families }: RivalFrontier): Comparison {
  const rival = cheapestAt(points, own.warmShare);
  const hullHours = hullHoursAt(points, own.warmShare);
  const hpa = cheapestAt(families.HPA ?? [], own.warmShare);
  return {
    own,
    objective,
    shortfall: Math.max(0, objective - own.warmShare),
    rival,
    ratio: rival && own.workerHours / rival.workerHours,
    hullRatio: hullHours === undefined ? undefined : own.workerHours / hullHours,
    turnsRatio: hpa && hpa.directionChanges > 0 ? own.directionChanges / hpa.directionChanges : undefined,
  };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
