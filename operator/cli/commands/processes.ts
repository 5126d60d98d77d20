import type { Command } from "commander";
import { printLine } from "../output.ts";
import { runUntilSignal } from "../run-until-signal.ts";

/** The processes of an installation, which the chart and the pod templates start. */
export function addProcesses(program: Command): void {
  program
    .command("operator")
    .description("run the control plane, which reconciles AvatarPools (settings: docs/settings.md)")
    .action(() =>
      runUntilSignal(async (signal) => {
        const [{ runOperator }, { operatorSettings }] = await Promise.all([
          import("../../pool/index.ts"),
          import("../../settings.ts"),
        ]);
        await runOperator(operatorSettings(process.env), signal);
      }),
    );

  program
    .command("gateway")
    .description("run the data plane, which serves POST /{namespace}/{pool}/launch")
    .action(() =>
      runUntilSignal(async (signal) => {
        const [{ runGateway }, { gatewaySettings }] = await Promise.all([
          import("../../gateway/index.ts"),
          import("../../settings.ts"),
        ]);
        await runGateway(gatewaySettings(process.env), signal);
      }),
    );

  program
    .command("release-pools")
    .description("before an uninstall, stop the operator and remove its finalizer from the pools (settings: docs/settings.md)")
    .action(async () => {
      const [{ runReleasePools }, { uninstallSettings }] = await Promise.all([
        import("../../uninstall/index.ts"),
        import("../../settings.ts"),
      ]);
      await runReleasePools(uninstallSettings(process.env));
    });

  program
    .command("check-launch")
    .description("launch on a pool, wait for the session, and end it, as helm test does (settings: docs/settings.md)")
    .action(async () => {
      const [{ checkLaunch }, { checkLaunchSettings }] = await Promise.all([
        import("../check-launch.ts"),
        import("../../settings.ts"),
      ]);
      await checkLaunch(checkLaunchSettings(process.env), printLine);
    });

  program
    .command("fetch-assets")
    .description("in a worker pod, download and verify the models before the worker starts")
    .action(async () => {
      const { runFetchAssets } = await import("../../sidecar/index.ts");
      process.exitCode = await runFetchAssets(process.env);
    });

  program
    .command("drain-hook")
    .description("in a worker pod, delay the pod's end until its sessions have ended")
    .action(() =>
      runUntilSignal(async (signal) => {
        const { runDrainHook } = await import("../../sidecar/index.ts");
        await runDrainHook(process.env, signal);
      }),
    );
}
