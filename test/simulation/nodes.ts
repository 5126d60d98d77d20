/** The machines of the simulated cluster. */
export interface SimNode {
  readonly name: string;
  /** Number of pods that fit on it. */
  readonly room: number;
  /** `kubectl cordon`: accepts no further pods. */
  cordoned: boolean;
}

export function simNodes(count: number, room: number): SimNode[] {
  return Array.from({ length: count }, (_, index) => ({ name: `node-${index}`, room, cordoned: false }));
}
