import { readFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

const root = path.join(import.meta.dirname, "..", "..", "..");

/** The time for a worker after its drain, in this version and in the other one. */
const STATED = "const CLEANUP_SECONDS = 30;";
export const OTHER_CLEANUP_SECONDS = 45;

/**
 * Bundles an AvatarPool that renders every pod template differently, like another version.
 * @returns the path of the bundle in the folder.
 */
export async function otherVersion(folder: string): Promise<string> {
  const outfile = path.join(folder, "other-version.mjs");
  await build({
    absWorkingDir: root,
    entryPoints: ["operator/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins: [
      {
        name: "other-rendering",
        setup({ onLoad }) {
          onLoad({ filter: /resources\/pod-template\.ts$/ }, async (file) => {
            const source = await readFile(file.path, "utf8");
            if (!source.includes(STATED)) throw new Error(`${file.path} does not contain "${STATED}"; change STATED`);
            return { contents: source.replace(STATED, `const CLEANUP_SECONDS = ${OTHER_CLEANUP_SECONDS};`), loader: "ts" };
          });
        },
      },
    ],
  });
  return outfile;
}
