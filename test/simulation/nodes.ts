/** The machines of the simulated cluster. */
export interface SimNode {
  readonly name: string;
  /** Pods that find room on it. */
  readonly room: number;
  /** `kubectl cordon`: takes no further pods. */
  cordoned: boolean;
}

export function simNodes(count: number, room: number): SimNode[] {
  return Array.from({ length: count }, (_, index) => ({ name: `node-${index}`, room, cordoned: false }));
}
