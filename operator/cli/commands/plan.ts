import type { Command } from "commander";
import type { ClusterFlags } from "../cluster.ts";
import { type OutputFlags, withNamespace, withOperator, withOutput } from "../flags.ts";
import { printLine } from "../output.ts";

interface PlanFlags extends ClusterFlags, OutputFlags {
  readonly file?: string;
}

export function addPlan(program: Command): void {
  const command = program
    .command("plan")
    .description("show what the operator would do now, without a change (see docs/explain.md)")
    .argument("[pool]", "name of an AvatarPool of the cluster, unless -f is set")
    .option("-f, --file <pool.yaml>", "file with one AvatarPool, to plan against the workers in the cluster")
    .action(async (name: string | undefined, flags: PlanFlags) => {
      const [{ planNow }, { withCluster }] = await Promise.all([import("../plan.ts"), import("../cluster.ts")]);
      const { file, namespace, output } = flags;
      await withCluster(flags, (cluster) => planNow(cluster, { name, file, namespace, output }, printLine));
    });
  withOperator(withNamespace(withOutput(command)));
}
