import { spawn } from "node:child_process";

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Rejects only if it cannot start. Other failures are in `code` and `stderr`. A signal is code 1. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string },
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    // A program may exit before it has read its whole input.
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin ?? "");
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/**
 * Runs a program that must succeed. @returns what it printed.
 * @param advice what to do if it fails.
 */
export async function runChecked(command: string, args: readonly string[], advice: string, env = process.env): Promise<string> {
  const result = await run(command, args, { env }).catch((cause: unknown) => {
    throw new Error(`${command} cannot be started: ${advice}`, { cause });
  });
  if (result.code === 0) return result.stdout.trim();
  throw new Error(`${command} ${args.join(" ")} failed: ${advice}\n${`${result.stdout}${result.stderr}`.slice(-2_000)}`);
}
