import { readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Metafile, type OutputFile, type Plugin } from "esbuild";
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
  metafile: true,
  minify: true,
  platform: "browser",
  target: "es2023",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  plugins: [englishOnly],
} as const satisfies BuildOptions;

const hashed = { entryNames: "[name]-[hash]" } as const;

/**
 * Builds the console: the app, its workers, and the script and style of the page of `avatarpool simulate --html`. Names contain
 * a hash of the content, so that a browser may keep the files.
 * @throws Error if a file does not compile, or needs a module of Node.
 */
export async function consoleFiles(): Promise<ConsoleFiles> {
  const workers = await build({
    ...forBrowser,
    ...hashed,
    entryPoints: { simulator: "console/what-if/worker.ts", stream: "console/stream/worker.ts" },
    format: "iife",
  });
  const app = await build({
    ...forBrowser,
    ...hashed,
    entryPoints: { console: "console/main.tsx" },
    // Without chunks, because a chunk does not load its style sheet. A page is evaluated when it is first opened.
    format: "esm",
    define: {
      SIMULATOR_URL: JSON.stringify(outputOf(workers.metafile, "console/what-if/worker.ts").script),
      STREAM_URL: JSON.stringify(outputOf(workers.metafile, "console/stream/worker.ts").script),
    },
  });
  const simulation = await build({
    ...forBrowser,
    entryPoints: { [SIMULATION_PAGE]: "console/simulation/page.tsx" },
    format: "iife",
  });
  const index = await indexPage(outputOf(app.metafile, "console/main.tsx"));
  return new Map([
    ["index.html", new TextEncoder().encode(index)],
    ["favicon.svg", await readFile(path.join(root, "console", "favicon.svg"))],
    ...[workers, app, simulation].flatMap(({ outputFiles }) => outputFiles.map(entryOf)),
  ]);
}

/** One line for the console's size. @throws Error if it exceeds the limit. */
export function sizeOf(files: ConsoleFiles): string {
  const bytes = [...files.values()].reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
  const line = `console: ${(bytes / 1_000).toFixed(1)} kB gzipped in ${files.size} files, of ${CONSOLE_MAX_GZIP_BYTES / 1_000} kB`;
  if (bytes > CONSOLE_MAX_GZIP_BYTES) throw new Error(`${line}; find out what grew with esbuild's --analyze`);
  return line;
}

/** Where `console/index.html` gets its style and script. */
const ASSETS = "<!-- assets -->";

async function indexPage({ script, style }: EntryOutput): Promise<string> {
  const template = await readFile(path.join(root, "console", "index.html"), "utf8");
  if (!template.includes(ASSETS)) throw new Error(`console/index.html does not contain ${ASSETS}`);
  const tags = [
    ...(style === undefined ? [] : [`<link rel="stylesheet" href="${style}" />`]),
    `<script type="module" src="${script}"></script>`,
  ];
  return template.replace(ASSETS, tags.join("\n    "));
}

interface EntryOutput {
  readonly script: string;
  readonly style: string | undefined;
}

function outputOf({ outputs }: Metafile, entryPoint: string): EntryOutput {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (found === undefined) throw new Error(`${entryPoint} has no output`);
  const [file, { cssBundle }] = found;
  return { script: path.basename(file), style: cssBundle === undefined ? undefined : path.basename(cssBundle) };
}

function entryOf({ path: file, contents }: OutputFile): [string, Uint8Array] {
  return [path.basename(file), contents];
}
