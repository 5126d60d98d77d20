import type { Command } from "commander";
import { withNamespace, withOperator } from "../flags.ts";
import { hintLine, printLine } from "../output.ts";
import type { ReportFlags } from "../report/run.ts";

export function addReport(program: Command): void {
  const command = program
    .command("report")
    .description("write an archive without secrets for a bug report: objects, events, decisions, metrics and logs")
    .argument("[pool]", "name of the AvatarPool (default: all pools of the namespace)")
    .option("--file <file.tar.gz>", "where to write it (default: avatarpool-report-TIME.tar.gz)")
    .action(async (pool: string | undefined, flags: ReportFlags) => {
      const { runReport } = await import("../report/run.ts");
      await runReport(pool, flags, printLine, hintLine);
    });
  withOperator(withNamespace(command));
}
