import path from "node:path";

/**
 * Folder of the console's built files, `dist/console`. The program runs from `dist` or from its sources, and a bundled module is
 * in `dist` or in its folder of chunks.
 */
export function consoleFolder(file = import.meta.filename): string {
  const above = path.dirname(file);
  if (file.endsWith(".ts")) return path.join(above, "..", "..", "dist", "console");
  return path.join(path.basename(above) === "chunks" ? path.dirname(above) : above, "console");
}
