import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob, stat } from "node:fs/promises";
import path from "node:path";

const root = path.join(import.meta.dirname, "..", "..", "..");
const bundle = path.join(root, "dist", "avatarpool.mjs");

/**
 * Builds `dist/avatarpool.mjs` and `dist/console` if the bundle is missing or older than its sources. A current one is not rebuilt, because
 * processes of another run may still load parts of it.
 *
 * @throws with the build's output if the build fails.
 */
export async function ensureBundle(progress: (line: string) => void): Promise<void> {
  const builtMs = await changedAtMs(bundle).catch(() => 0);
  if (builtMs > (await sourcesChangedAtMs())) return;
  progress("bundling dist/avatarpool.mjs");
  const args = ["--disable-warning=ExperimentalWarning", path.join("scripts", "build.ts")];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`npm run build failed:\n${output}`);
}

async function sourcesChangedAtMs(): Promise<number> {
  let newestMs = 0;
  for (const pattern of ["{operator,console}/**/*", "scripts/*.ts", "package-lock.json"]) {
    for await (const file of glob(pattern, { cwd: root })) {
      if (!path.extname(file) || file.endsWith(".test.ts")) continue;
      newestMs = Math.max(newestMs, await changedAtMs(path.join(root, file)));
    }
  }
  return newestMs;
}

async function changedAtMs(file: string): Promise<number> {
  return (await stat(file)).mtimeMs;
}
