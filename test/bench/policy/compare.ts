import type { BaselineFrontier } from "./baselines.ts";
import { cheapestAt, hullHoursAt, type Point } from "./frontier.ts";

/** AvatarPool with one objective, compared with the baselines at the warm share that it reached. */
export interface Comparison {
  readonly own: Point;
  /** `objective.launchSuccess` as a fraction. */
  readonly objective: number;
  /** Objective minus warm share; 0 if the objective was reached. */
  readonly shortfall: number;
  /** Cheapest setting of a baseline with at least the same warm share; undefined if none reaches it. */
  readonly baseline: Point | undefined;
  /** Worker-hours of AvatarPool over those of that baseline. */
  readonly ratio: number | undefined;
  /** Worker-hours over the lower convex hull of the baselines, which is stricter. */
  readonly hullRatio: number | undefined;
  /** Changes of direction over those of the cheapest HPA with at least the same warm share. */
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
