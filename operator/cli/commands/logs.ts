import type { Command } from "commander";
import { withInstallation, withNamespace, withOutput } from "../flags.ts";
import type { LogsFlags } from "../logs/run.ts";
import { hintLine, printLine } from "../output.ts";
import { runUntilSignal } from "../run-until-signal.ts";

export function addLogs(program: Command): void {
  const command = program
    .command("logs")
    .description("print the logs of operator, gateways and workers of a pool together, by time")
    .argument("[pool]", "name of the AvatarPool (default: all pools of the namespace)")
    .option("-f, --follow", "continue with new lines and new pods")
    .option("--since <duration>", "lines of the last 5m or 1h30m only")
    .option("--tail <number>", "lines of each container (default: 100, or all with --since)")
    .action((pool: string | undefined, flags: LogsFlags) =>
      runUntilSignal(async (signal) => {
        const { runLogs } = await import("../logs/run.ts");
        await runLogs(pool, flags, { signal, print: printLine, hint: hintLine, terminal: process.stdout.isTTY });
      }),
    );
  withInstallation(withNamespace(withOutput(command, ["json"])));
}
