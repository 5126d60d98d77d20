import type { Command } from "commander";
import { type NamespaceFlags, withNamespace } from "../flags.ts";
import { printLine } from "../output.ts";

interface DrainFlags extends NamespaceFlags {
  readonly undo?: boolean;
}

export function addDrain(program: Command): void {
  const command = program
    .command("drain")
    .description("send a worker no more launches, and remove it once its sessions have ended")
    .argument("<worker>", "name of the worker's pod")
    .option("--undo", "withdraw the request")
    .action(async (name: string, flags: DrainFlags) => {
      const [{ drainWorker }, { withClient }] = await Promise.all([import("../drain.ts"), import("../cluster.ts")]);
      await withClient(flags, ({ client, namespace }) =>
        drainWorker(client, { namespace, name }, { undo: flags.undo ?? false, now: new Date() }, printLine),
      );
    });
  withNamespace(command);
}
