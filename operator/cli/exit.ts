/** Exit codes of every command, and the errors that lead to them. `docs/cli.md` and `--help` list them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notMet: 3,
  forbidden: 4,
} as const;

export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "success",
  failed: "the command failed",
  usage: "an argument or option is wrong",
  notMet: "the condition is not met, or the timeout expired",
  forbidden: "a permission is missing",
};

/** An error with an exit code of its own. Any other error exits with `failed`. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, code: keyof typeof exitCodes) {
    super(message);
    this.exitCode = exitCodes[code];
  }
}

export const usageError = (message: string): CommandError => new CommandError(message, "usage");
