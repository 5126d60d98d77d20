/** A section of the x axis, in its own unit. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Zooms in by a factor above 1, or out by one below 1, around the middle. Stays within the bounds and at least `least` wide. */
export function zoomed(range: Range, factor: number, bounds: Range, least: number): Range {
  const middle = (range.min + range.max) / 2;
  const width = Math.max(least, (range.max - range.min) / factor);
  return within({ min: middle - width / 2, max: middle + width / 2 }, bounds);
}

/** Moves by a share of the width: negative to the left. */
export function moved(range: Range, share: number, bounds: Range): Range {
  const by = (range.max - range.min) * share;
  return within({ min: range.min + by, max: range.max + by }, bounds);
}

/** The range moved into the bounds, and cut only if it is wider than they are. */
export function within({ min, max }: Range, bounds: Range): Range {
  const width = Math.min(max - min, bounds.max - bounds.min);
  const left = Math.min(Math.max(min, bounds.min), bounds.max - width);
  return { min: left, max: left + width };
}

/** What a key does to the visible range. Undefined: not a key of the plots. `"all"`: show everything. */
export function rangeOfKey(key: string, range: Range, bounds: Range, least: number): Range | "all" | undefined {
  switch (key) {
    case "+":
    case "=":
      return zoomed(range, 2, bounds, least);
    case "-":
      return zoomed(range, 0.5, bounds, least);
    case "ArrowLeft":
      return moved(range, -0.25, bounds);
    case "ArrowRight":
      return moved(range, 0.25, bounds);
    case "0":
    case "Escape":
      return "all";
    default:
      return undefined;
  }
}
