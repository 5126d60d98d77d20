import { plainText } from "./plain-text.ts";

/** Columns of text, aligned as kubectl does, with three spaces between them. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [header, ...rows.map((row) => row.map(plainText))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
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
