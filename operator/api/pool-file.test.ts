import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { PoolFileError, parsePool } from "./pool-file.ts";

const file = (spec: object = {}, kind = "AvatarPool") =>
  stringify({
    apiVersion: "avatarpool.dev/v1alpha1",
    kind,
    metadata: { name: "support" },
    spec: {
      apiSecretRef: { name: "bithuman" },
      presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max: 4, affinity: { nodeAffinity: { anything: {} } } }],
      ...spec,
    },
  });

describe("a pool file", () => {
  it("is read with its defaults, beside objects of other kinds", () => {
    const pool = parsePool("pool.yaml", [stringify({ kind: "Secret" }), file()].join("---\n"));
    expect([pool.namespace, pool.name, pool.groups[0]?.max]).toEqual(["default", "support", 4]);
  });

  it.each([
    ["a misspelt field", file({ warmSlots: 3 }), /pool\.yaml: no such field as spec\.warmSlots: see docs\/reference\.md/],
    [
      "a misspelt field of a list item",
      file({ workers: [{ name: "gpu", engine: "expression", max: 4, slotsPerWorker: 8 }] }),
      /no such field as spec\.workers\[0\]\.slotsPerWorker/,
    ],
    [
      "a value of the wrong type",
      file({ workers: [{ name: "gpu", engine: "expression", max: "four" }] }),
      /spec\.workers\[0\]\.max/,
    ],
    ["no pool", file({}, "Deployment"), /there is no object of kind AvatarPool/],
    ["two pools", [file(), file()].join("---\n"), /there are 2 objects of kind AvatarPool; give one at a time/],
    ["no YAML", "a: [", /pool\.yaml: /],
  ])("is refused with the reason: %s", (_, text, reason) => {
    expect(() => parsePool("pool.yaml", text)).toThrow(reason);
  });

  it("reports each wrong field separately", () => {
    const wrong = file({ workers: [{ name: "gpu", engine: "expression", max: "four", sessionsPerWorker: 0 }] });
    try {
      parsePool("pool.yaml", wrong);
      expect.unreachable();
    } catch (error) {
      const problems = error instanceof PoolFileError ? error.problems : [];
      expect(problems.map(({ path }) => path)).toEqual(["spec.workers[0].sessionsPerWorker", "spec.workers[0].max"]);
      expect(problems[1]?.message).toContain("expected number");
    }
  });
});
