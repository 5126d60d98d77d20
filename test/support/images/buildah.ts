import { mkdir } from "node:fs/promises";
import path from "node:path";
import { run } from "../controlplane/run.ts";
import { cacheFolder } from "../controlplane/tools.ts";

/** Needs no privileges beyond those of root in a container. */
const ENVIRONMENT = { BUILDAH_ISOLATION: "chroot" };
const ERROR_CHARACTERS = 3_000;

/** Folder of the base images and of the archives. */
export function imagesFolder(): string {
  return path.join(cacheFolder(), "images");
}

/** Runs buildah with a storage of its own, without any service. @returns what it printed. @throws Error with its output. */
export async function buildah(...args: readonly string[]): Promise<string> {
  const storage = path.join(imagesFolder(), "storage");
  await mkdir(storage, { recursive: true });
  const own = [`--root=${path.join(storage, "root")}`, `--runroot=${path.join(storage, "run")}`];
  // In a mount namespace, because the storage would stay mounted on this machine.
  const command = ["--mount", "--", "buildah", "--storage-driver=overlay", ...own, ...args];
  const { code, stdout, stderr } = await run("unshare", command, { env: { ...process.env, ...ENVIRONMENT } });
  if (code === 0) return stdout.trim();
  throw new Error(`buildah ${args.join(" ")} failed:\n${`${stdout}${stderr}`.slice(-ERROR_CHARACTERS)}`);
}

export async function imageExists(name: string): Promise<boolean> {
  return (await buildah("images", "--quiet", "--filter", `reference=${name}`)) !== "";
}
