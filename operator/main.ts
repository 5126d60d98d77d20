#!/usr/bin/env node
import path from "node:path";
import { CommanderError } from "commander";
import { CommandError, exitCodes } from "./cli/exit.ts";
import { createProgram } from "./cli/program.ts";
import { isMissingRight, missingRight } from "./cli/rights.ts";

/** The composition root: one command per process. */

/** kubectl finds a plugin by the name of its file. */
const name = path.basename(process.argv[1] ?? "") === "kubectl-avatarpool" ? "kubectl avatarpool" : "avatarpool";

// A reader that closes the pipe early, such as head, is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? exitCodes.ok : exitCodes.failed),
);

try {
  await createProgram(name).parseAsync();
  process.exit(process.exitCode ?? exitCodes.ok);
} catch (error) {
  // commander has printed its message.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
  const [message, exitCode] = isMissingRight(error)
    ? [missingRight(error), exitCodes.forbidden]
    : [error instanceof Error ? error.message : String(error), error instanceof CommandError ? error.exitCode : exitCodes.failed];
  process.stderr.write(`${name}: ${message}\n`);
  process.exit(exitCode);
}
