import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";

/**
 * Maximum of worlds per process: small enough for an even distribution. A process needs about ten of
 * them until its code is compiled for speed.
 */
const WORLDS_A_PROCESS = 250;

export interface Figures {
  readonly worlds: number;
  /** Seeds of the worlds in which a promise was broken. */
  readonly failed: readonly number[];
  readonly launches: number;
  readonly sessions: number;
  readonly sessionsEndedByUs: number;
  readonly faults: number;
}

export interface ShardResult {
  /** Its output: the broken promises, and how to replay them. */
  readonly output: string;
  /** Undefined if the process failed. */
  readonly figures: Figures | undefined;
}

/** Runs worlds on all cores, in processes that print broken promises and their figures. */
export async function liveInShards(firstSeed: number, worlds: number): Promise<readonly ShardResult[]> {
  const size = Math.min(WORLDS_A_PROCESS, Math.ceil(worlds / availableParallelism()));
  const shares = Array.from({ length: Math.ceil(worlds / size) }, (_, index) => ({
    seed: firstSeed + index * size,
    worlds: Math.min(size, worlds - index * size),
  }));
  const results: ShardResult[] = [];
  const work = async () => {
    for (let share = shares.shift(); share !== undefined; share = shares.shift())
      results.push(await liveShare(share.seed, share.worlds));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

function liveShare(seed: number, worlds: number): Promise<ShardResult> {
  const main = path.join(import.meta.dirname, "main.ts");
  const guard = path.join(import.meta.dirname, "../support/die-with-parent.mjs");
  const args = [
    "--disable-warning=ExperimentalWarning",
    "--import",
    guard,
    main,
    "--seed",
    String(seed),
    "--worlds",
    String(worlds),
  ];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve({ output, figures: figuresIn(output) }));
  });
}

function figuresIn(output: string): Figures | undefined {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(last) as Figures;
  } catch {
    return undefined;
  }
}
