import type { Command } from "commander";
import { printLine } from "../output.ts";
import type { SimulateFlags } from "../simulate-options.ts";

export function addSimulate(program: Command): void {
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
      const [{ simulate }, { simulateOptions }] = await Promise.all([import("../simulate.ts"), import("../simulate-options.ts")]);
      await simulate(file, simulateOptions(flags), printLine);
    });
}
