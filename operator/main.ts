#!/usr/bin/env node
import { Command } from "commander";
import type { ClusterFlags } from "./cli/cluster.ts";
import type { SimulateFlags } from "./cli/simulate-options.ts";

/** The composition root: one command per process. Each command loads only its own modules, so that each process stays small. */

const program = new Command("avatarpool").description("Operator and gateway for fleets of real-time talking-avatar workers");

program
  .command("operator")
  .description("run the control plane, which reconciles AvatarPools (settings: docs/settings.md)")
  .action(() =>
    runUntilSignal(async (signal) => {
      const [{ runOperator }, { operatorSettings }] = await Promise.all([import("./pool/index.ts"), import("./settings.ts")]);
      await runOperator(operatorSettings(process.env), signal);
    }),
  );

program
  .command("gateway")
  .description("run the data plane, which serves POST /{namespace}/{pool}/launch")
  .action(() =>
    runUntilSignal(async (signal) => {
      const [{ runGateway }, { gatewaySettings }] = await Promise.all([import("./gateway/index.ts"), import("./settings.ts")]);
      await runGateway(gatewaySettings(process.env), signal);
    }),
  );

program
  .command("release-pools")
  .description("before an uninstall, stop the operator and remove its finalizer from the pools (settings: docs/settings.md)")
  .action(async () => {
    const [{ runReleasePools }, { uninstallSettings }] = await Promise.all([
      import("./uninstall/index.ts"),
      import("./settings.ts"),
    ]);
    await runReleasePools(uninstallSettings(process.env));
  });

program
  .command("check-launch")
  .description("launch on a pool, wait for the session, and end it, as helm test does (settings: docs/settings.md)")
  .action(async () => {
    const [{ checkLaunch }, { checkLaunchSettings }] = await Promise.all([
      import("./cli/check-launch.ts"),
      import("./settings.ts"),
    ]);
    await checkLaunch(checkLaunchSettings(process.env), printLine);
  });

program
  .command("fetch-assets")
  .description("in a worker pod, download and verify the models before the worker starts")
  .action(async () => {
    const { runFetchAssets } = await import("./sidecar/index.ts");
    process.exitCode = await runFetchAssets(process.env);
  });

program
  .command("drain-hook")
  .description("in a worker pod, delay the pod's end until its sessions have ended")
  .action(() =>
    runUntilSignal(async (signal) => {
      const { runDrainHook } = await import("./sidecar/index.ts");
      await runDrainHook(process.env, signal);
    }),
  );

program
  .command("simulate")
  .description("replay launches against a pool file and compare with HPA, KEDA, Agones and Knative (see docs/simulate.md)")
  .argument("<pool.yaml>", "file with one AvatarPool")
  .option("--trace <file>", "launches to replay: CSV of arrival_s,duration_s, plain or .gz")
  .option("--generate <name>", "made-up launches: call-centre, burst, batch or sparse (default: call-centre)")
  .option("--hours <number>", "length of what is made up")
  .option("--days <number>", "the same in days (default: 1)")
  .option("--rate <number>", "made-up launches a minute, on average (default: 2)")
  .option("--seed <number>", "the same seed makes the same launches (default: 1)")
  .option("--cap <duration>", "longer sessions are cut (default: 30m)")
  .option("--time-to-warm <duration>", "from a worker's creation until it is warm (default: the group's)")
  .option("--start <time>", "when the launches begin, for warm.schedule (default: Monday 2026-01-05T00:00:00Z)")
  .option("--html <file>", "write one page with the table and plots")
  .option("--json", "print the figures as one JSON object in the last line")
  .action(async (file: string, flags: SimulateFlags) => {
    const [{ simulate }, { simulateOptions }] = await Promise.all([
      import("./cli/simulate.ts"),
      import("./cli/simulate-options.ts"),
    ]);
    // A reader that closes the pipe early, such as head, is not an error.
    process.stdout.on("error", () => process.exit(0));
    await simulate(file, simulateOptions(flags), printLine);
  });

const explain = program
  .command("explain")
  .description("explain the size of a pool and its latest changes (see docs/explain.md)")
  .argument("<pool>", "name of the AvatarPool")
  .option("-n, --namespace <name>", "namespace of the pool (default: the kubeconfig's)")
  .option("--limit <number>", "changes to print (default: 10)")
  .option("--json", "print one JSON object")
  .action(async (name: string, flags: ClusterFlags & { readonly limit?: string; readonly json?: boolean }) => {
    const [cli, { withCluster }] = await Promise.all([import("./cli/explain.ts"), import("./cli/cluster.ts")]);
    const limit = cli.limitOf(flags.limit);
    await withCluster(flags, (cluster) =>
      cli.explain(cluster, { namespace: cluster.namespace, name, limit, json: flags.json ?? false }, printLine, hintLine),
    );
  });

const plan = program
  .command("plan")
  .description("show what the operator would do now, without a change (see docs/explain.md)")
  .argument("[pool]", "name of an AvatarPool of the cluster, unless -f is set")
  .option("-f, --file <pool.yaml>", "file with one AvatarPool, to plan against the workers in the cluster")
  .option("-n, --namespace <name>", "namespace of the pool (default: the file's, else the kubeconfig's)")
  .option("--json", "print one JSON object")
  .action(async (name: string | undefined, flags: ClusterFlags & { readonly file?: string; readonly json?: boolean }) => {
    const [{ planNow }, { withCluster }] = await Promise.all([import("./cli/plan.ts"), import("./cli/cluster.ts")]);
    const { file, namespace, json = false } = flags;
    await withCluster(flags, (cluster) => planNow(cluster, { name, file, namespace, json }, printLine));
  });

for (const command of [explain, plan])
  command
    .option("--kubeconfig <file>", "kubeconfig to use (default: kubectl's default)")
    .option("--context <name>", "kubeconfig context to use (default: the current context)")
    .option("--operator-namespace <name>", "namespace in which AvatarPool is installed", "avatarpool")
    .option("--operator-name <name>", "name of the operator's Deployment: RELEASE-operator", "avatarpool-operator")
    .option("--url <url>", "URL of the leading operator, to bypass the API server");

const printLine = (line: string) => process.stdout.write(`${line}\n`);
const hintLine = (line: string) => process.stderr.write(`${line}\n`);

/** Runs until SIGTERM or SIGINT requests a graceful stop. A second signal ends the process at once. */
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
