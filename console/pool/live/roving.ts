/** Keys that move between the tiles of a map. */
export type MoveKey = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" | "End";

export function isMoveKey(key: string): key is MoveKey {
  return ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(key);
}

interface Place {
  readonly left: number;
  readonly top: number;
}

/**
 * The index that a key leads to. Up and down lead to the nearest tile of the next row, so only tiles of two rows are measured.
 * @param placeOf where a tile is drawn.
 */
export function movedTo(key: MoveKey, from: number, count: number, placeOf: (index: number) => Place): number {
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(count - 1, from + 1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    case "ArrowUp":
      return inNextRow(from, -1, count, placeOf);
    case "ArrowDown":
      return inNextRow(from, 1, count, placeOf);
  }
}

function inNextRow(from: number, step: 1 | -1, count: number, placeOf: (index: number) => Place): number {
  const start = placeOf(from);
  let row: number | undefined;
  let best = from;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let at = from + step; at >= 0 && at < count; at += step) {
    const { left, top } = placeOf(at);
    if (top === start.top) continue;
    row ??= top;
    if (top !== row) break;
    const distance = Math.abs(left - start.left);
    if (distance < bestDistance) [best, bestDistance] = [at, distance];
  }
  return best;
}
