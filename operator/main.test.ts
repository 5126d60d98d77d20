import { build, type Metafile } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { processes } from "../scripts/bundles.ts";

let outputs: Metafile["outputs"];
beforeAll(async () => {
  const bundles = await build({ ...processes, write: false, metafile: true, minify: false, sourcemap: false });
  ({ outputs } = bundles.metafile);
}, 60_000);

/** Sources in the chunk of an entry point and in all chunks that it imports, statically or dynamically. */
function sourcesBehind(entryPoint: string, kinds: readonly string[]): readonly string[] {
  const start = Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === entryPoint);
  expect(start).toHaveLength(1);
  const found = new Set(start);
  for (const file of found)
    for (const { path, kind, external } of outputs[file]?.imports ?? [])
      if (external !== true && kinds.includes(kind)) found.add(path);
  return [...found].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
}

const everyImport = ["import-statement", "dynamic-import"];
const isSimulator = (source: string) => /^operator\/(simulate\/|cli\/simulate)|^test\//.test(source);

describe("the shipped bundle", () => {
  it.each(["operator/pool/index.ts", "operator/gateway/index.ts", "operator/sidecar/index.ts", "operator/cli/plan.ts"])(
    "%s loads neither the simulator nor a test",
    (entryPoint) => {
      const sources = sourcesBehind(entryPoint, everyImport);
      expect(sources).toContain(entryPoint);
      expect(sources.filter(isSimulator)).toEqual([]);
    },
  );

  it("loads the simulator only for the simulate command", () => {
    expect(sourcesBehind("operator/main.ts", ["import-statement"]).filter(isSimulator)).toEqual([]);
    expect(sourcesBehind("operator/cli/simulate.ts", everyImport)).toContain("operator/simulate/replay.ts");
  });
});
