import path from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type OutputFile, type Plugin } from "esbuild";
import { SIMULATION_PAGE } from "../operator/simulate/html.ts";
import { root } from "./bundles.ts";

/** Most gzipped bytes of all files of the console together. */
export const CONSOLE_MAX_GZIP_BYTES = 250_000;

/** Contents by file name. */
export type ConsoleFiles = ReadonlyMap<string, Uint8Array>;

/** The console's schemas report errors in English only. The other locales are 90 kB gzipped. */
const englishOnly: Plugin = {
  name: "english-only",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path: file }) => ({ path: file, namespace: "no-locales" }));
    onLoad({ filter: /.*/, namespace: "no-locales" }, () => ({ contents: "export {};" }));
  },
};

const forBrowser = {
  absWorkingDir: root,
  outdir: path.join(root, "dist", "console"),
  bundle: true,
  write: false,
  minify: true,
  platform: "browser",
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  plugins: [englishOnly],
} as const satisfies BuildOptions;

const hashed = { entryNames: "[name]-[hash]", chunkNames: "chunk-[hash]", assetNames: "[name]-[hash]" } as const;

/**
 * Builds the simulator's worker, and the script and style of the page of `avatarpool simulate --html`. Names contain
 * a hash of the content, so that a browser may keep the files.
 * @throws Error if a file does not compile, or needs a module of Node.
 */
export async function consoleFiles(): Promise<ConsoleFiles> {
  const workers = await build({
    ...forBrowser,
    ...hashed,
    entryPoints: { simulator: "console/what-if/worker.ts" },
    format: "iife",
  });
  const simulation = await build({
    ...forBrowser,
    entryPoints: { [SIMULATION_PAGE]: "console/simulation/page.tsx" },
    format: "iife",
  });
  return new Map([workers, simulation].flatMap(({ outputFiles }) => outputFiles.map(entryOf)));
}

/** One line for the console's size. @throws Error if it exceeds the limit. */
export function sizeOf(files: ConsoleFiles): string {
  const bytes = [...files.values()].reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
  const line = `console: ${(bytes / 1_000).toFixed(1)} kB gzipped in ${files.size} files, of ${CONSOLE_MAX_GZIP_BYTES / 1_000} kB`;
  if (bytes > CONSOLE_MAX_GZIP_BYTES) throw new Error(`${line}; find out what grew with esbuild's --analyze`);
  return line;
}

function entryOf({ path: file, contents }: OutputFile): [string, Uint8Array] {
  return [path.basename(file), contents];
}
