/**
 * Fails if two places in `operator/` and `console/` share ten or more lines. Imports, blank lines and indentation do not count.
 */
import { globSync, readFileSync } from "node:fs";

const MIN_LINES = 10;

interface Line {
  readonly place: string;
  readonly text: string;
}

function linesOf(file: string): readonly Line[] {
  // An import becomes blank lines, so that the numbers of the other lines stay.
  const source = readFileSync(file, "utf8").replaceAll(/^import [^;]*;$/gm, (statement) => statement.replaceAll(/[^\n]/g, ""));
  const lines = source.split("\n").map((text, at) => ({ place: `${file}:${at + 1}`, text: text.trim() }));
  return lines.filter(({ text }) => text !== "");
}

const firstPlaces = new Map<string, string>();
const duplicates: string[] = [];
for (const file of globSync("{operator,console}/**/*.{ts,tsx}")) {
  const lines = linesOf(file);
  for (let at = 0; at + MIN_LINES <= lines.length; at += 1) {
    const run = lines.slice(at, at + MIN_LINES);
    const text = run.map((line) => line.text).join("\n");
    const place = run[0]?.place ?? "";
    const first = firstPlaces.get(text);
    if (first === undefined) {
      firstPlaces.set(text, place);
      continue;
    }
    duplicates.push(`${place} repeats at least ${MIN_LINES} lines of ${first}: move them to one place`);
    at += MIN_LINES;
  }
}
for (const line of duplicates) console.error(line);
if (duplicates.length > 0) process.exit(1);
