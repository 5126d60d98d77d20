import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Progress } from "../controlplane/index.ts";
import { runChecked } from "../controlplane/run.ts";
import { buildah, imageExists } from "./buildah.ts";

/** Path, in a base, of the file with the certificates that programs trust. A build mounts the machine's own over it. */
export const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

const NODE = path.join(import.meta.dirname, "..", "..", "..", "node_modules", "node");
const DEBIAN = "bookworm";
/** Part of the bases' names: changes with the recipes below. */
const RECIPE = 1;

/** A base image that stands in for a public one, because no registry can be reached. */
interface Base {
  readonly name: string;
  /** Packages in addition to the essential ones. */
  readonly packages: readonly string[];
  /** Changes the container after the packages are installed. */
  readonly finish: (container: string) => Promise<void>;
}

const base = {
  /** For `distroless/nodejs24-debian12:nonroot`. */
  runtime: {
    name: "node-runtime",
    packages: ["ca-certificates", "libstdc++6"],
    finish: async (container) => {
      await buildah("copy", "--quiet", container, path.join(NODE, "bin", "node"), "/nodejs/bin/node");
    },
  },
  /** For `node:24-slim`. */
  build: {
    name: "node-build",
    packages: ["ca-certificates", "libstdc++6"],
    finish: async (container) => {
      await buildah("copy", "--quiet", container, path.join(NODE, "bin", "node"), "/usr/local/bin/node");
      await buildah("copy", "--quiet", container, await npmFolder(), "/usr/local/lib/npm");
      await buildah("run", container, "--", "ln", "-s", "/usr/local/lib/npm/bin/npm-cli.js", "/usr/local/bin/npm");
      await buildah("config", "--env", `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, container);
    },
  },
  /** For `python:3.12-slim-bookworm`, with Debian's own Python. */
  python: {
    name: "python",
    packages: ["ca-certificates", "libstdc++6", "python3", "python3-pip"],
    finish: async (container) => {
      await buildah("run", container, "--", "ln", "-s", "python3", "/usr/bin/python");
      // Debian's pip refuses to install into the system otherwise. The public image's does not.
      await buildah("run", container, "--", "sh", "-c", "rm /usr/lib/python3*/EXTERNALLY-MANAGED");
    },
  },
  /** For the image of pods' sandboxes. */
  pause: {
    name: "pause",
    packages: [],
    finish: async (container) => {
      await buildah("config", "--entrypoint", '["/bin/sleep","infinity"]', "--cmd", "", "--user", "65535:65535", container);
    },
  },
} as const satisfies Readonly<Record<string, Base>>;

export type BaseName = keyof typeof base;

/** Name of a base image in buildah's storage. It is made if it is missing, in about 20 s. */
export async function ensureBase(name: BaseName, progress: Progress): Promise<string> {
  const made = baseName(name);
  if (!(await imageExists(made))) {
    progress(`making the base image ${base[name].name} of Debian packages`);
    await make(base[name], made);
  }
  return made;
}

export function baseName(name: BaseName): string {
  const { version }: { version: string } = JSON.parse(readFileSync(path.join(NODE, "package.json"), "utf8"));
  const key = createHash("sha256").update(`${RECIPE} ${version}`).digest("hex").slice(0, 12);
  return `localhost/avatarpool-base/${base[name].name}:${key}`;
}

async function make({ packages, finish }: Base, target: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-base-"));
  try {
    const archive = path.join(folder, "root.tar");
    const include = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
    await runChecked(
      "mmdebstrap",
      ["--variant=essential", ...include, DEBIAN, archive],
      "check that Debian's packages can be reached",
    );
    const container = await buildah("from", "scratch");
    await buildah("add", "--quiet", container, archive, "/");
    await finish(container);
    await buildah("commit", "--quiet", "--rm", container, target);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The folder of the npm that this machine has. */
async function npmFolder(): Promise<string> {
  const npm = await runChecked("sh", ["-c", "command -v npm"], "install npm");
  return path.dirname(path.dirname(await realpath(npm)));
}

/** A build trusts what this machine trusts. */
export function machineCertificates(): string {
  return process.env.NODE_EXTRA_CA_CERTS || process.env.SSL_CERT_FILE || CERTIFICATES;
}
