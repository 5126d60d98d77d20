#!/usr/bin/env node
import { Command } from "commander";

/** The composition root: one command a process. What a command needs is loaded with it, so that each process stays small. */

const program = new Command("avatarpool").description("Operator and gateway for fleets of real-time talking-avatar workers");

program
  .command("operator")
  .description("the control plane: reconciles AvatarPools (settings: see docs/settings.md)")
  .action(() =>
    runUntilSignal(async (signal) => {
      const [{ runOperator }, { operatorSettings }] = await Promise.all([import("./pool/index.ts"), import("./settings.ts")]);
      await runOperator(operatorSettings(process.env), signal);
    }),
  );

program
  .command("gateway")
  .description("the data plane: serves POST /{namespace}/{pool}/launch")
  .action(() =>
    runUntilSignal(async (signal) => {
      const [{ runGateway }, { gatewaySettings }] = await Promise.all([import("./gateway/index.ts"), import("./settings.ts")]);
      await runGateway(gatewaySettings(process.env), signal);
    }),
  );

program
  .command("fetch-assets")
  .description("in a worker pod, before the worker: fetches and checks its models")
  .action(async () => {
    const { runFetchAssets } = await import("./sidecar/index.ts");
    process.exitCode = await runFetchAssets(process.env);
  });

program
  .command("drain-hook")
  .description("in a worker pod, beside the worker: holds the pod until its sessions have ended")
  .action(() =>
    runUntilSignal(async (signal) => {
      const { runDrainHook } = await import("./sidecar/index.ts");
      await runDrainHook(process.env, signal);
    }),
  );

/** Runs until SIGTERM or SIGINT asks for a graceful end; a second signal ends at once. */
async function runUntilSignal(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
  }
  await run(stop.signal);
}

try {
  await program.parseAsync();
  process.exit(process.exitCode ?? 0);
} catch (error) {
  process.stderr.write(`avatarpool: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
