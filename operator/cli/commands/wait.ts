import { type Command, Option } from "commander";
import { usageError } from "../exit.ts";
import { type NamespaceFlags, withNamespace } from "../flags.ts";
import { printLine } from "../output.ts";
import type { WaitGoal } from "../wait.ts";

interface WaitFlags extends NamespaceFlags {
  readonly for: WaitGoal;
  readonly timeout: string;
}

export function addWait(program: Command): void {
  const command = program
    .command("wait")
    .description("wait until a pool is ready, or has its warm slots")
    .argument("<pool>", "name of the AvatarPool")
    .addOption(
      new Option("--for <state>", "ready: every preset can be launched; warm: the warm slots are free")
        .choices(["ready", "warm"])
        .default("ready"),
    )
    .option("--timeout <duration>", "exit with code 3 after this time", "5m")
    .action(async (name: string, flags: WaitFlags) => {
      const [{ waitFor }, { withClient }, { parseDurationMs }, { systemClock }] = await Promise.all([
        import("../wait.ts"),
        import("../cluster.ts"),
        import("../../api/duration.ts"),
        import("../../runtime/clock.ts"),
      ]);
      const timeoutMs = durationOf(flags.timeout, parseDurationMs);
      await withClient(flags, ({ client, namespace }) =>
        waitFor({ client, clock: systemClock, random: Math.random }, { namespace, name, goal: flags.for, timeoutMs }, printLine),
      );
    });
  withNamespace(command);
}

function durationOf(text: string, parse: (text: string) => number): number {
  try {
    return parse(text);
  } catch (error) {
    throw usageError(`--timeout: ${error instanceof Error ? error.message : String(error)}`);
  }
}
