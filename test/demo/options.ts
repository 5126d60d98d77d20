import { parseArgs } from "node:util";
import { SHORTEST_LOAD_SECONDS } from "./schedule.ts";

export interface Options {
  /** Length of the load phase. */
  readonly loadSeconds: number;
  /** Show no live view; print one JSON object as the last line on stdout. */
  readonly json: boolean;
  /** Keep all processes running after the load. */
  readonly keep: boolean;
  /** Open the console in a browser. */
  readonly open: boolean;
  /** Real LiveKit, real workers with a test card, and callers that receive their video. */
  readonly media: boolean;
}

export const usage = `npm run demo -- [--seconds N] [--json] [--open] [--keep]
       npm run demo -- --media [--json]

  --seconds N  length of the load: steady, then a burst, then none (default 120)
  --json       show no live view; print the figures as one JSON object in the last line on stdout
  --open       open the operator's console in a browser; without it, the demo prints the link
  --keep       keep all processes running after the load, until Ctrl-C
  --media      a minute of calls with video: a real LiveKit server, CPU workers that draw a test card, and the maker's plugin
`;

const DEFAULT_LOAD_SECONDS = "120";

const LONGEST_LOAD_SECONDS = 3_600;

/** @throws Error that names the invalid flag and its valid values. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string" },
      json: { type: "boolean", default: false },
      open: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      media: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  if (values.media && (values.keep || values.open || values.seconds !== undefined)) {
    throw new Error("--media has its own calls and ends by itself: omit --seconds, --open and --keep");
  }
  const { seconds = DEFAULT_LOAD_SECONDS } = values;
  const loadSeconds = Number(seconds);
  if (!Number.isInteger(loadSeconds) || loadSeconds < SHORTEST_LOAD_SECONDS || loadSeconds > LONGEST_LOAD_SECONDS) {
    throw new Error(
      `--seconds ${seconds}: expected a whole number from ${SHORTEST_LOAD_SECONDS} to ${LONGEST_LOAD_SECONDS}; ` +
        "a burst, a cold start and the scale-down need the minimum",
    );
  }
  return { loadSeconds, json: values.json, open: values.open, keep: values.keep, media: values.media };
}
