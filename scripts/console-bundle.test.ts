import { beforeAll, describe, expect, it } from "vitest";
import { type ConsoleFiles, consoleFiles, sizeOf } from "./console-bundle.ts";

let files: ConsoleFiles;
beforeAll(async () => {
  files = await consoleFiles();
});

describe("the console's files", () => {
  it("are at most 250 kB gzipped together", () => {
    expect(sizeOf(files)).toMatch(/^console: [0-9.]+ kB gzipped in \d+ files, of 250 kB$/);
    const large = new Map([...files, ["noise.js", noise(250_000)]]);
    expect(() => sizeOf(large)).toThrow(/of 250 kB; find out what grew/);
  });

  it("load nothing from elsewhere", () => {
    for (const [name, content] of files) {
      if (!/\.(css|html)$/.test(name)) continue;
      expect(new TextDecoder().decode(content), name).not.toMatch(/@import|url\((?!data:)|https?:/);
    }
  });

  it("have names with a hash, except the index, the icon and the simulation page", () => {
    const plain = [...files.keys()].filter((name) => !/-[A-Z0-9]{8}\.(js|css)$/.test(name));
    expect(plain.toSorted()).toEqual(["favicon.svg", "index.html", "simulation.css", "simulation.js"]);
  });

  it("are those that the index and the app name", () => {
    const text = (name: string) => new TextDecoder().decode(files.get(name));
    const named = [...text("index.html").matchAll(/(?:src|href)="([^":]+\.(?:js|css))"/g)].map(([, name]) => name ?? "");
    expect(named).toHaveLength(2);
    const workers = ["simulator", "stream"].map((worker) => [...files.keys()].find((name) => name.startsWith(`${worker}-`)) ?? "");
    const scripts = [...files.values()].map((content) => new TextDecoder().decode(content));
    for (const name of [...named, ...workers]) expect(files.has(name), name).toBe(true);
    for (const worker of workers)
      expect(
        scripts.some((script) => script.includes(`"${worker}"`)),
        worker,
      ).toBe(true);
  });

  it("include the script and the style of the simulation page", () => {
    expect([...files.keys()]).toEqual(expect.arrayContaining(["simulation.js", "simulation.css"]));
  });
});

/** Bytes that gzip cannot make smaller. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 50_000) crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 50_000)));
  return bytes;
}
