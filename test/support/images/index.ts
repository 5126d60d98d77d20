import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { essence } from "../../../operator/engines/essence.ts";
import { withLock } from "../controlplane/file-lock.ts";
import type { Progress } from "../controlplane/index.ts";
import { ensurePackages } from "../debian.ts";
import { baseName, CERTIFICATES, ensureBase, machineCertificates } from "./bases.ts";
import { buildah, imagesFolder } from "./buildah.ts";
import { hashOf } from "./inputs.ts";

/** An image as `docker save` writes it. */
export interface ImageArchive {
  readonly reference: string;
  /** Path of the archive. Another content has another path. */
  readonly archive: string;
}

export interface Images {
  /** Of the operator, the gateway and the helpers. */
  readonly avatarpool: ImageArchive;
  readonly essence: ImageArchive;
  /** Of the pods' sandboxes. */
  readonly pause: ImageArchive;
}

/** No such registry exists: images are imported. */
const REGISTRY = "registry.example.com/avatarpool";
const ROOT = path.join(import.meta.dirname, "..", "..", "..");
const ESSENCE = path.join(ROOT, "workers", "essence");
/** As the Dockerfile copies them. */
const SOURCES = ["Dockerfile", "package.json", "package-lock.json", "tsconfig.json", "pulumi/package.json"];
const SOURCE_FOLDERS = ["operator", "console", "scripts"];
const PACKAGES = ["buildah", "mmdebstrap", "runc"] as const;

interface Recipe {
  readonly name: keyof Images;
  readonly reference: string;
  readonly key: string;
  /** Builds the image under its reference, in buildah's storage. */
  readonly build: (progress: Progress) => Promise<void>;
}

/**
 * The project's images, built by their Dockerfiles, from base images of Debian packages. A missing one is built into the cache:
 * minutes the first time, about a minute after a change of the sources.
 *
 * @throws Error if this process is not root, or the network is missing.
 */
export async function ensureImages(progress: Progress): Promise<Images> {
  const recipes = await Promise.all([avatarpoolRecipe(), essenceRecipe(), pauseRecipe()]);
  const entries: [string, ImageArchive][] = [];
  for (const recipe of recipes) entries.push([recipe.name, await ensureArchive(recipe, progress)]);
  return Object.fromEntries(entries) as unknown as Images;
}

async function avatarpoolRecipe(): Promise<Recipe> {
  const [build, runtime] = [baseName("build"), baseName("runtime")];
  const reference = `${REGISTRY}/avatarpool:${await productVersion()}`;
  return {
    name: "avatarpool",
    reference,
    key: await hashOf(ROOT, [...SOURCES, ...SOURCE_FOLDERS], build, runtime),
    build: async (progress) => {
      await ensureBase("build", progress);
      await ensureBase("runtime", progress);
      const bases = ["--build-arg", `BUILD_IMAGE=${build}`, "--build-arg", `RUNTIME_IMAGE=${runtime}`];
      progress("building the image avatarpool by its Dockerfile");
      await buildFrom(ROOT, reference, bases);
    },
  };
}

async function essenceRecipe(): Promise<Recipe> {
  const python = baseName("python");
  const reference = `${REGISTRY}/${essence.defaultImage}`;
  return {
    name: "essence",
    reference,
    key: await hashOf(ESSENCE, ["Dockerfile", "requirements.lock", "src"], python),
    build: async (progress) => {
      await ensureBase("python", progress);
      progress("building the image essence-worker by its Dockerfile");
      await buildFrom(ESSENCE, reference, ["--from", python]);
    },
  };
}

async function pauseRecipe(): Promise<Recipe> {
  const reference = `${REGISTRY}/pause:1`;
  return {
    name: "pause",
    reference,
    key: await hashOf(ROOT, [], baseName("pause")),
    build: async (progress) => {
      await buildah("tag", await ensureBase("pause", progress), reference);
    },
  };
}

async function buildFrom(folder: string, reference: string, bases: readonly string[]): Promise<void> {
  // The mount exists during the build only: no certificate of this machine gets into the image.
  const certificates = ["--volume", `${machineCertificates()}:${CERTIFICATES}:ro`];
  await buildah("build", "--layers=false", "--network=host", ...certificates, ...bases, "--tag", reference, folder);
}

async function ensureArchive({ name, reference, key, build }: Recipe, progress: Progress): Promise<ImageArchive> {
  const folder = imagesFolder();
  const archive = path.join(folder, `${name}-${key}.tar`);
  if (existsSync(archive)) return { reference, archive };
  ensurePackages(PACKAGES, progress);
  await mkdir(folder, { recursive: true });
  const waiting = () => progress("  waiting for another process that builds images");
  // One lock for all, because the images share the storage.
  await withLock(path.join(folder, "build.lock"), waiting, async () => {
    if (existsSync(archive)) return;
    const startMs = performance.now();
    await build(progress);
    await rm(`${archive}.unfinished`, { force: true });
    await buildah("push", "--quiet", reference, `docker-archive:${archive}.unfinished:${reference}`);
    await buildah("rmi", reference);
    await removeOlder(folder, name);
    await rename(`${archive}.unfinished`, archive);
    progress(`built the image ${name} in ${Math.round((performance.now() - startMs) / 1_000)} s`);
  });
  return { reference, archive };
}

/** Otherwise each change of the sources would leave another archive. */
async function removeOlder(folder: string, name: string): Promise<void> {
  for (const file of await readdir(folder)) {
    if (file.startsWith(`${name}-`) && file.endsWith(".tar")) await rm(path.join(folder, file));
  }
}

async function productVersion(): Promise<string> {
  return (JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as { readonly version: string }).version;
}
