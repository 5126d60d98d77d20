import { Argument, type Command } from "commander";
import type { Shell } from "../completion/scripts.ts";
import { printLine } from "../output.ts";

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print the completion script of a shell; kubectl completes the plugin by itself (see docs/cli.md)")
    .addArgument(new Argument("<shell>", "shell of the script").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell) => {
      const { completionScripts } = await import("../completion/scripts.ts");
      process.stdout.write(completionScripts[shell]);
    });

  // kubectl and the scripts call it with the words of the command line, whose options are not its own.
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const { complete } = await import("../completion/complete.ts");
      await complete(program, words, printLine);
    });
}
