import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../../../scripts/bundles.ts";

const run = promisify(execFile);

/** Packages that a user of the package installs beside it. They come from this repository. */
const BESIDE = ["@pulumi", "@types", "typescript"] as const;

/** Builds and packs the npm package, and unpacks it into `folder`. */
export async function unpackPackage(folder: string): Promise<void> {
  const packed = await mkdtemp(path.join(tmpdir(), "avatarpool-packed-"));
  const { stdout } = await run("npm", ["pack", "--json", `--pack-destination=${packed}`], { cwd: path.join(root, "pulumi") });
  const tarball = /"filename": "([^"]+)"/.exec(stdout)?.[1] ?? "";
  await mkdir(folder, { recursive: true });
  await run("tar", ["-xzf", path.join(packed, tarball), "--strip-components=1", "-C", folder]);
  await rm(packed, { recursive: true });
}

/** Makes Pulumi's SDKs for Node available to programs in `folder`. */
export async function linkSdks(folder: string): Promise<void> {
  const modules = path.join(folder, "node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of BESIDE) await symlink(path.join(root, "node_modules", name), path.join(modules, name));
}
