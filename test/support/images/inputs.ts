import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

/** A hash of files and folders, without tests, which no image contains. Paths are relative to `root`. */
export async function hashOf(root: string, entries: readonly string[], ...more: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const entry of entries) {
    for (const file of await filesOf(path.join(root, entry))) {
      hash
        .update(path.relative(root, file))
        .update("\0")
        .update(await readFile(file))
        .update("\0");
    }
  }
  for (const text of more) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 12);
}

async function filesOf(entry: string): Promise<readonly string[]> {
  if (!(await stat(entry)).isDirectory()) return [entry];
  const entries = await readdir(entry, { recursive: true, withFileTypes: true });
  return entries
    .filter((found) => found.isFile() && !found.name.endsWith(".test.ts") && !found.parentPath.includes("__pycache__"))
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .sort();
}
