import type { Command } from "commander";
import type { Cluster, ClusterFlags } from "../cluster.ts";
import { usageError } from "../exit.ts";
import { type AllNamespacesFlags, type OutputFlags, withAllNamespaces, withOperator, withOutput } from "../flags.ts";
import { printLine } from "../output.ts";
import { paintStdout } from "../paint.ts";
import { runUntilSignal } from "../run-until-signal.ts";

interface StatusFlags extends ClusterFlags, AllNamespacesFlags, OutputFlags {
  readonly watch?: boolean;
}

export function addStatus(program: Command): void {
  const command = program
    .command("status")
    .description("show a pool: workers, slots, warm presets, queue, start-up times and decisions; without a name, all pools")
    .argument("[pool]", "name of an AvatarPool")
    .option("-w, --watch", "follow the changes until Ctrl-C")
    .action(async (name: string | undefined, flags: StatusFlags) => {
      const { allNamespaces = false, watch = false, output } = flags;
      if (allNamespaces && name !== undefined) throw usageError("-A shows the pools of all namespaces: omit the name, or use -n");
      if (watch && (output === "json" || output === "yaml"))
        throw usageError(`--watch has no output ${output}: use kubectl get avp --watch -o ${output}`);
      const [{ status }, { withCluster }] = await Promise.all([import("../status/status.ts"), import("../cluster.ts")]);
      await withCluster(flags, (cluster) => {
        const scope = { namespace: allNamespaces ? undefined : cluster.namespace, name };
        if (watch) return follow(cluster, { ...scope, wide: output === "wide" });
        return status(cluster, { ...scope, output }, printLine, paintStdout);
      });
    });
  withOperator(withAllNamespaces(withOutput(command, ["wide", "json", "yaml"])));
}

async function follow(
  cluster: Cluster,
  options: { readonly namespace: string | undefined; readonly name: string | undefined; readonly wide: boolean },
): Promise<void> {
  const [{ watchStatus }, { Screen }, { systemClock }] = await Promise.all([
    import("../status/watch-status.ts"),
    import("../status/screen.ts"),
    import("../../runtime/clock.ts"),
  ]);
  const terminal = process.stdout.isTTY;
  using screen = new Screen(process.stdout);
  const show = (lines: readonly string[]) => (terminal ? screen.draw(lines.join("\n")) : lines.forEach(printLine));
  await runUntilSignal((signal) =>
    watchStatus({ ...cluster, clock: systemClock, random: Math.random }, options, { terminal, show, paint: paintStdout }, signal),
  );
}
