import { createHash } from "node:crypto";
import { glob, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { consoleFolder } from "../../runtime/console-folder.ts";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** Compressed at the first request for it. */
  readonly gzipped: () => Promise<Buffer>;
  readonly etag: string;
  /** The name contains a hash of the content, so that a browser may keep it forever. */
  readonly immutable: boolean;
}

/** By path, relative to the console's base URL. */
export type Assets = ReadonlyMap<string, Asset>;

const MAX_FILES = 100;
const MAX_BYTES = 8 * 1024 * 1024;

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

/** The pattern of esbuild for file names with a hash. */
const HASHED = /-[A-Z0-9]{8}\.[a-z]+$/;

/** The folder of the console's pages; undefined if they are not built. */
export async function findAssets(folder = consoleFolder()): Promise<string | undefined> {
  const index = await stat(path.join(folder, "index.html")).catch(() => undefined);
  return index?.isFile() ? folder : undefined;
}

/**
 * Reads the files of the console's pages into memory.
 * @throws Error for more than 100 files or 8 MB.
 */
export async function loadAssets(folder: string): Promise<Assets> {
  const assets = new Map<string, Asset>();
  let bytes = 0;
  for await (const name of glob("**/*.*", { cwd: folder })) {
    const type = types[path.extname(name)];
    if (type === undefined) continue;
    const body = await readFile(path.join(folder, name));
    bytes += body.length;
    if (assets.size >= MAX_FILES || bytes > MAX_BYTES)
      throw new Error(`${folder} has more than ${MAX_FILES} files or ${MAX_BYTES / 1024 / 1024} MB: build the console again`);
    assets.set(name.split(path.sep).join("/"), asset(name, type, body));
  }
  return assets;
}

function asset(name: string, type: string, body: Buffer): Asset {
  let gzipping: Promise<Buffer> | undefined;
  return {
    type,
    body,
    gzipped: () => {
      gzipping ??= promisify(gzip)(body, { level: 9 });
      return gzipping;
    },
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    immutable: HASHED.test(name),
  };
}
