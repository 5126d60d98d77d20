import { plainText } from "./plain-text.ts";

/** A text with a colour has a function that adds it: the width of a column is that of its text. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Columns of text, aligned as kubectl does, with three spaces between them. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[] {
  const all = [header, ...rows].map((row) => row.map(painted));
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.text.length ?? 0)));
  return all.map((row) =>
    row
      .map(({ text, paint }, column) => paint(text) + " ".repeat(Math.max(0, (widths[column] ?? 0) - text.length)))
      .join("   ")
      .trimEnd(),
  );
}

function painted(cell: Cell) {
  return typeof cell === "string" ? { text: plainText(cell), paint: (text: string) => text } : cell;
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
] as const;

/** An age in one unit, such as `45s`, `12m` or `3d`. Two of a unit are the least, as in kubectl: `90m` rather than `1h`. */
export function age(ms: number): string {
  for (const [unit, unitMs] of units) if (ms >= 2 * unitMs) return `${Math.floor(ms / unitMs)}${unit}`;
  return `${Math.max(0, Math.floor(ms / 1_000))}s`;
}
