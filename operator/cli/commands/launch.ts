import type { Command } from "commander";
import { type NamespaceFlags, type OutputFlags, withNamespace, withOutput } from "../flags.ts";
import { type GatewayFlags, withGateway } from "../gateways/flags.ts";
import type { LivekitFlags } from "../launch/livekit.ts";
import { hintLine, printLine } from "../output.ts";
import { runUntilSignal } from "../run-until-signal.ts";

interface LaunchFlags extends NamespaceFlags, GatewayFlags, LivekitFlags, OutputFlags {
  readonly preset?: string;
  readonly keep?: boolean;
}

export function addLaunch(program: Command): void {
  const command = program
    .command("launch")
    .description("launch one real session to check a pool, print its stages, and end it")
    .argument("<pool>", "name of the AvatarPool")
    .option("--preset <name>", "preset to launch (default: the pool's only one)")
    .option("--livekit-url <url>", "LiveKit server for the room (default: LIVEKIT_URL, else spec.livekit)")
    .option("--livekit-key-file <file>", "file with its API key (default: LIVEKIT_API_KEY, else the Secret of spec.livekit)")
    .option("--livekit-secret-file <file>", "file with its API secret (default: LIVEKIT_API_SECRET, else that Secret)")
    .option("--keep", "do not end the session")
    .action((pool: string, flags: LaunchFlags) =>
      runUntilSignal(async (signal) => {
        const { runLaunch } = await import("../launch/run.ts");
        await runLaunch(pool, flags, { signal, print: printLine, hint: hintLine });
      }),
    );
  withGateway(withNamespace(withOutput(command)));
}
