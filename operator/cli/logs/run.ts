import { parseDurationMs } from "../../api/duration.ts";
import { systemClock } from "../../runtime/clock.ts";
import { withClient } from "../cluster.ts";
import { usageError } from "../exit.ts";
import type { InstallationFlags, NamespaceFlags, OutputFlags } from "../flags.ts";
import type { Print } from "../output.ts";
import { type LogLine, lineText } from "./log-line.ts";
import { readLogs } from "./logs.ts";

export interface LogsFlags extends NamespaceFlags, InstallationFlags, OutputFlags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly tail?: string;
}

const DEFAULT_TAIL = 100;
const MAX_TAIL = 1_000_000;

interface Surroundings {
  readonly signal: AbortSignal;
  readonly print: Print;
  readonly hint: Print;
  readonly terminal: boolean;
}

/** `avatarpool logs`. */
export async function runLogs(
  pool: string | undefined,
  flags: LogsFlags,
  { signal, print, hint, terminal }: Surroundings,
): Promise<void> {
  const { follow = false, operatorNamespace, output } = flags;
  const [sinceSeconds, tailLines] = [secondsOf(flags.since), tailOf(flags)];
  const onLine =
    output === "json" ? (line: LogLine) => print(JSON.stringify(line)) : printer(print, terminal && !process.env.NO_COLOR);
  await withClient(flags, ({ client, namespace }) =>
    readLogs(
      { namespace, pool, operatorNamespace, follow, sinceSeconds, tailLines },
      { client, clock: systemClock, signal, onLine, hint },
    ),
  );
}

/** The column of sources is as wide as the longest source so far. */
function printer(print: Print, colours: boolean): (line: LogLine) => void {
  let sourceWidth = 0;
  return (line) => {
    sourceWidth = Math.max(sourceWidth, line.source.length);
    print(lineText(line, { colours, sourceWidth }));
  };
}

function secondsOf(since: string | undefined): number | undefined {
  if (since === undefined) return undefined;
  try {
    return Math.max(1, Math.ceil(parseDurationMs(since) / 1_000));
  } catch (error) {
    throw usageError(`--since: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tailOf({ tail, since }: LogsFlags): number | undefined {
  if (tail === undefined) return since === undefined ? DEFAULT_TAIL : undefined;
  const lines = Number(tail);
  if (Number.isInteger(lines) && lines >= 0 && lines <= MAX_TAIL) return lines;
  throw usageError(`--tail ${tail}: expected a number of lines from 0 to ${MAX_TAIL}`);
}
