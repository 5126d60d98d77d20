import { stringify } from "yaml";
import type { OutputFormat } from "./flags.ts";
import type { Print } from "./output.ts";

/** Prints a result as one JSON or YAML document, or as the lines that a person reads. */
export function show(output: OutputFormat, value: unknown, lines: () => readonly string[], print: Print): void {
  switch (output) {
    case "json":
      print(JSON.stringify(value, undefined, 2));
      return;
    case "yaml":
      print(stringify(value, { lineWidth: 0 }).trimEnd());
      return;
    case "table":
    case "wide":
      for (const line of lines()) print(line);
  }
}
