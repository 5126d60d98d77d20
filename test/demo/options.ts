import { parseArgs } from "node:util";
import { SHORTEST_LOAD_SECONDS } from "./schedule.ts";

export interface Options {
  /** Length of the load phase. */
  readonly loadSeconds: number;
  /** No view; the last line on stdout is one JSON object. */
  readonly json: boolean;
  /** Leave everything running after the load. */
  readonly keep: boolean;
}

export const usage = `npm run demo -- [--seconds N] [--json] [--keep]

  --seconds N  length of the load: steady, then a burst, then quiet (default 120)
  --json       no live view; the last line on stdout is one JSON object with the figures
  --keep       leave everything running after the load, until Ctrl-C
`;

const LONGEST_LOAD_SECONDS = 3_600;

/** @throws Error with one sentence for the person who typed the flags. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "120" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const loadSeconds = Number(values.seconds);
  if (!Number.isInteger(loadSeconds) || loadSeconds < SHORTEST_LOAD_SECONDS || loadSeconds > LONGEST_LOAD_SECONDS) {
    throw new Error(
      `--seconds ${values.seconds}: give whole seconds from ${SHORTEST_LOAD_SECONDS}, ` +
        `which a burst, a cold start and the scale-down after it need, to ${LONGEST_LOAD_SECONDS}`,
    );
  }
  return { loadSeconds, json: values.json, keep: values.keep };
}
