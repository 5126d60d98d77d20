import { Command } from "commander";
import { addCompletion } from "./commands/completion.ts";
import { addDashboard } from "./commands/dashboard.ts";
import { addDrain } from "./commands/drain.ts";
import { addExplain } from "./commands/explain.ts";
import { addLaunch } from "./commands/launch.ts";
import { addLint } from "./commands/lint.ts";
import { addLogs } from "./commands/logs.ts";
import { addPauseAndResume } from "./commands/pause.ts";
import { addPlan } from "./commands/plan.ts";
import { addProcesses } from "./commands/processes.ts";
import { addReport } from "./commands/report.ts";
import { addRestart } from "./commands/restart.ts";
import { addSessions } from "./commands/sessions.ts";
import { addSimulate } from "./commands/simulate.ts";
import { addStatus } from "./commands/status.ts";
import { addWait } from "./commands/wait.ts";
import { exitCodeMeanings, exitCodes } from "./exit.ts";
import { version } from "./version.ts";

/** Commands of a user, in the order of `--help`. */
const commands = [
  addStatus,
  addDashboard,
  addSessions,
  addExplain,
  addPlan,
  addWait,
  addPauseAndResume,
  addDrain,
  addRestart,
  addLaunch,
  addLogs,
  addLint,
  addReport,
  addSimulate,
  addCompletion,
];

/**
 * All commands. A command's own modules are loaded when it runs, so that each process stays small.
 * @param name how the user starts the program.
 */
export function createProgram(name: string): Command {
  const program = new Command(name)
    .description("Operator and gateway for fleets of real-time talking-avatar workers")
    .version(version, "-V, --version", "print the version")
    .showHelpAfterError(`See ${name} --help.`)
    // Options after the command are the command's own.
    .enablePositionalOptions()
    .exitOverride();
  program.addHelpText("after", () => `\nExit codes:\n${exitCodeLines().join("\n")}`);
  program.commandsGroup("Pools:");
  for (const add of commands) add(program);
  program.commandsGroup("Processes, which the chart starts:");
  addProcesses(program);
  return program;
}

function exitCodeLines(): readonly string[] {
  return Object.entries(exitCodeMeanings).map(([key, meaning]) => `  ${exitCodes[key as keyof typeof exitCodes]}  ${meaning}`);
}
