/** Marks that are too close to each other for separate targets. */
export interface Cluster<Mark> {
  /** Position of the first mark. */
  readonly left: number;
  readonly marks: readonly Mark[];
}

/**
 * Groups marks whose distance to the group's first mark is less than `leastGap`.
 * @param marks ascending by position.
 */
export function clustersOf<Mark>(
  marks: readonly Mark[],
  positionOf: (mark: Mark) => number,
  leastGap: number,
): readonly Cluster<Mark>[] {
  const clusters: { left: number; marks: Mark[] }[] = [];
  for (const mark of marks) {
    const left = positionOf(mark);
    const last = clusters.at(-1);
    if (last !== undefined && left - last.left < leastGap) last.marks.push(mark);
    else clusters.push({ left, marks: [mark] });
  }
  return clusters;
}
