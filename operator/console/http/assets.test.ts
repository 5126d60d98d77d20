import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadAssets } from "./assets.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "assets-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("reads the pages with their types, and keeps only files with a hash in their name forever", async () => {
  await mkdir(path.join(folder, "workers"));
  for (const name of ["index.html", "main-ABCD1234.js", "workers/stream-2345WXYZ.js", "simulation.js", "notes.map"])
    await writeFile(path.join(folder, name), `content of ${name}`);
  const assets = await loadAssets(folder);
  expect(new Map([...assets].map(([name, { type, immutable }]) => [name, [type, immutable]]))).toEqual(
    new Map([
      ["index.html", ["text/html; charset=utf-8", false]],
      ["main-ABCD1234.js", ["text/javascript; charset=utf-8", true]],
      ["workers/stream-2345WXYZ.js", ["text/javascript; charset=utf-8", true]],
      ["simulation.js", ["text/javascript; charset=utf-8", false]],
    ]),
  );
  const { body, gzipped, etag } = assets.get("index.html")!;
  expect([String(body), String(gunzipSync(await gzipped()))]).toEqual(Array(2).fill("content of index.html"));
  expect(etag).not.toBe(assets.get("simulation.js")!.etag);
});

it("rejects a folder that is too large for memory", async () => {
  await writeFile(path.join(folder, "large.js"), Buffer.alloc(8 * 1024 * 1024 + 1));
  await expect(loadAssets(folder)).rejects.toThrow(/more than 100 files or 8 MB/);
});
