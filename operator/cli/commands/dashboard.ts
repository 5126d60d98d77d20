import type { Command } from "commander";
import type { DashboardFlags } from "../dashboard/dashboard.ts";
import { withNamespace, withOperatorName } from "../flags.ts";
import { hintLine, printLine } from "../output.ts";
import { runUntilSignal } from "../run-until-signal.ts";

export function addDashboard(program: Command): void {
  const command = program
    .command("dashboard")
    .description("open the console in the browser, through a port-forward and with your own token (see docs/console.md)")
    .option("--no-open", "print the link only")
    .option("--port <number>", "local port (default: a free one)")
    .option("--service-account <namespace/name>", "view with a short-lived token of this ServiceAccount")
    .option("--console-url <url>", "URL of the console, in place of a port-forward")
    .action((flags: DashboardFlags) =>
      runUntilSignal(async (signal) => {
        const { dashboard } = await import("../dashboard/dashboard.ts");
        await dashboard(flags, { signal, print: printLine, hint: hintLine });
      }),
    );
  withOperatorName(withNamespace(command));
}
