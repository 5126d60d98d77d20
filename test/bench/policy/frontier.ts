/** The result of one setting of one policy. */
export interface Point {
  readonly policy: string;
  readonly family: string;
  /** Share of the launches that found a warm slot. */
  readonly warmShare: number;
  readonly workerHours: number;
  readonly wouldHaveEnded: number;
  readonly directionChanges: number;
}

/** The points that no other point beats in both worker-hours and warm share, cheapest first. */
export function paretoFrontier(points: readonly Point[]): readonly Point[] {
  const frontier: Point[] = [];
  for (const point of [...points].sort((a, b) => a.workerHours - b.workerHours || b.warmShare - a.warmShare)) {
    if (point.warmShare > (frontier.at(-1)?.warmShare ?? -1)) frontier.push(point);
  }
  return frontier;
}

/** The cheapest setting with at least this warm share. */
export function cheapestAt(frontier: readonly Point[], warmShare: number): Point | undefined {
  return frontier.find((point) => point.warmShare >= warmShare);
}

/**
 * Worker-hours at exactly this warm share on the lower convex hull of the frontier: the result of switching between two settings
 * in the best proportion, which is unknown in advance. Undefined beyond the best warm share.
 */
export function hullHoursAt(frontier: readonly Point[], warmShare: number): number | undefined {
  const hull = lowerHull(frontier);
  const right = hull.findIndex((point) => point.warmShare >= warmShare);
  const above = hull[right];
  const below = hull[right - 1];
  if (above === undefined || below === undefined) return above?.workerHours;
  const part = (warmShare - below.warmShare) / (above.warmShare - below.warmShare);
  return below.workerHours + part * (above.workerHours - below.workerHours);
}

function lowerHull(frontier: readonly Point[]): readonly Point[] {
  const hull: Point[] = [];
  for (const point of frontier) {
    for (;;) {
      const a = hull.at(-2);
      const b = hull.at(-1);
      if (a === undefined || b === undefined || slope(a, b) < slope(b, point)) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

function slope(from: Point, to: Point): number {
  return (to.workerHours - from.workerHours) / (to.warmShare - from.warmShare);
}
