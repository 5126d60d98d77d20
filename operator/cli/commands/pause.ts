import type { Command } from "commander";
import { type NamespaceFlags, withNamespace } from "../flags.ts";
import { hintLine, printLine } from "../output.ts";

export function addPauseAndResume(program: Command): void {
  for (const [verb, paused, description] of [
    ["pause", true, "keep the present size of a pool's groups (spec.scaling.paused)"],
    ["resume", false, "let the size of a pool's groups follow demand again"],
  ] as const) {
    const command = program
      .command(verb)
      .description(description)
      .argument("<pool>", "name of the AvatarPool")
      .action(async (name: string, flags: NamespaceFlags) => {
        const [{ setPaused }, { withClient }] = await Promise.all([import("../pause.ts"), import("../cluster.ts")]);
        await withClient(flags, ({ client, namespace }) => setPaused(client, { namespace, name }, paused, printLine, hintLine));
      });
    withNamespace(command);
  }
}
