import type { Command } from "commander";
import { type NamespaceFlags, withNamespace } from "../flags.ts";
import { printLine } from "../output.ts";

interface RestartFlags extends NamespaceFlags {
  readonly pool?: string;
}

export function addRestart(program: Command): void {
  const command = program
    .command("restart")
    .description("replace the workers of a group by a rollout, which ends no session")
    .argument("<group>", "name of the worker group")
    .option("--pool <name>", "pool of the group, if several pools of the namespace have such a group")
    .action(async (group: string, flags: RestartFlags) => {
      const [{ restartGroup }, { withClient }] = await Promise.all([import("../restart.ts"), import("../cluster.ts")]);
      await withClient(flags, ({ client, namespace }) =>
        restartGroup(client, { namespace, group, pool: flags.pool, now: new Date() }, printLine),
      );
    });
  withNamespace(command);
}
