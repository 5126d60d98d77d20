import type { Command } from "commander";
import { withNamespace, withOutput } from "../flags.ts";
import type { LintFlags } from "../lint/run.ts";
import { hintLine, printLine } from "../output.ts";

export function addLint(program: Command): void {
  const command = program
    .command("lint")
    .description("check pool files: schema, rules of the API server, and advice (see docs/cli.md)")
    .requiredOption("-f, --file <file...>", "files or folders; - for stdin")
    .option("--server", "also evaluate the rules of the API server, by a dry run that changes nothing")
    .option("--strict", "fail if there is advice")
    .action(async (flags: LintFlags) => {
      const { runLint } = await import("../lint/run.ts");
      await runLint(flags, printLine, hintLine);
    });
  withNamespace(withOutput(command));
}
