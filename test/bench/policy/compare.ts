import type { BaselineFrontier } from "./baselines.ts";
import { cheapestAt, hullHoursAt, type Point } from "./frontier.ts";

/** AvatarPool's policy with one objective, compared with the baselines at the warm share that it reached. */
export interface Comparison {
  readonly own: Point;
  /** Share of launches that the objective requires to be warm. */
  readonly objective: number;
  /** How much it fell short of that: 0 where it reached it. */
  readonly shortfall: number;
  /** Cheapest setting of a baseline with at least our warm share; none where no baseline reaches it. */
  readonly baseline: Point | undefined;
  /** Our worker-hours over that baseline's. */
  readonly ratio: number | undefined;
  /** Over the lower convex hull of the baselines: stricter. */
  readonly hullRatio: number | undefined;
  /** Our changes of direction over those of the cheapest HPA with at least our warm share. */
  readonly turnsRatio: number | undefined;
}

export function compare(objective: number, own: Point, { points, families }: BaselineFrontier): Comparison {
  const baseline = cheapestAt(points, own.warmShare);
  const hullHours = hullHoursAt(points, own.warmShare);
  const hpa = cheapestAt(families.HPA ?? [], own.warmShare);
  return {
    own,
    objective,
    shortfall: Math.max(0, objective - own.warmShare),
    baseline,
    ratio: baseline && own.workerHours / baseline.workerHours,
    hullRatio: hullHours === undefined ? undefined : own.workerHours / hullHours,
    turnsRatio: hpa && hpa.directionChanges > 0 ? own.directionChanges / hpa.directionChanges : undefined,
  };
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
