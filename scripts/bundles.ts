import path from "node:path";
import type { BuildOptions } from "esbuild";
import product from "../package.json" with { type: "json" };

export const root = path.join(import.meta.dirname, "..");

const forNode: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node22.19",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
};

/**
 * Each dynamically imported command becomes a separate chunk. The helpers in worker pods thus do not load the Kubernetes
 * client: 59 MB resident instead of 89 MB.
 */
export const processes = {
  ...forNode,
  entryPoints: { avatarpool: "operator/main.ts" },
  outdir: "dist",
  splitting: true,
  define: { AVATARPOOL_VERSION: JSON.stringify(product.version) },
  chunkNames: "chunks/[name]-[hash]",
  minify: true,
  sourcemap: "linked",
  legalComments: "external",
  // Some bundled packages are CommonJS and call require for Node's own modules.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
} as const satisfies BuildOptions;

export type ModuleFormat = "esm" | "cjs";

/** Bundled because Pulumi's plugin host does not resolve imports that end in `.ts`. */
export function pulumiPackage(format: ModuleFormat): BuildOptions {
  return {
    ...forNode,
    entryPoints: ["pulumi/index.ts"],
    format,
    outExtension: {},
    packages: "external",
    // CommonJS has no import.meta.
    define: format === "cjs" ? { "import.meta.dirname": "__dirname" } : {},
  };
}
