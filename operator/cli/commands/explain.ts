import type { Command } from "commander";
import type { ClusterFlags } from "../cluster.ts";
import { type OutputFlags, withNamespace, withOperator, withOutput } from "../flags.ts";
import { hintLine, printLine } from "../output.ts";

interface ExplainFlags extends ClusterFlags, OutputFlags {
  readonly limit?: string;
}

export function addExplain(program: Command): void {
  const command = program
    .command("explain")
    .description("explain the size of a pool and its latest changes (see docs/explain.md)")
    .argument("<pool>", "name of the AvatarPool")
    .option("--limit <number>", "changes to print (default: 10)")
    .action(async (name: string, flags: ExplainFlags) => {
      const [{ explain, limitOf }, { withCluster }] = await Promise.all([import("../explain.ts"), import("../cluster.ts")]);
      const limit = limitOf(flags.limit);
      await withCluster(flags, (cluster) =>
        explain(cluster, { namespace: cluster.namespace, name, limit, output: flags.output }, printLine, hintLine),
      );
    });
  withOperator(withNamespace(withOutput(command)));
}
