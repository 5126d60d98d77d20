import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { gpuGroup, poolObject } from "../../../test/support/scenario/pool-object.ts";
import { KubeError } from "../../kube/errors.ts";
import { adviceRules } from "./advice.ts";
import { serverCheck } from "./ask-server.ts";
import { type AskServer, lintFile } from "./lint.ts";

/** A pool without advice. `spec` overrides its fields. */
const good = (spec: object = {}) =>
  poolObject({
    objective: { startup: { target: "5s" } },
    presets: [{ name: "maya", image: { url: "https://images.test/maya.jpg" } }],
    launch: { queue: { deadline: "5m" }, auth: { secretRef: { name: "clients" } }, allowCustomAvatars: false },
    ...spec,
  });

const lint = (pools: readonly object[], ask?: AskServer) =>
  lintFile({ file: "pools.yaml", text: pools.map((pool) => stringify(pool)).join("---\n") }, undefined, ask);
const rules = async (spec: object) => (await lint([good(spec)])).findings.map(({ rule, path: at }) => `${rule} ${at}`);

describe("lint", () => {
  it("finds nothing in a good pool, and skips objects of other kinds", async () => {
    expect(await lint([{ kind: "Secret", metadata: { name: "x" } }, good()])).toEqual({ pools: 1, findings: [] });
  });

  it("reports wrong fields of every document with their lines", async () => {
    const text = `${stringify(good())}---\n${stringify(good({ workers: [gpuGroup({ max: 0, sessionPerWorker: 2 })] }))}`;
    const { pools, findings } = await lintFile({ file: "a.yaml", text }, undefined);
    expect(pools).toBe(2);
    const line = text.split("\n").findLastIndex((content) => content.includes("max: 0")) + 1;
    expect(findings).toMatchObject([{ file: "a.yaml", line, severity: "error", rule: "schema", path: "spec.workers[0].max" }]);
    const misspelt = await lint([good({ scalling: {} })]);
    expect(misspelt.findings).toMatchObject([{ rule: "schema", path: "spec.scalling", why: "spec.scalling: no such field" }]);
    expect((await lint([good({ scaling: { scaleDownAfter: "5 minutes" } })])).findings).toMatchObject([
      { severity: "error", why: expect.stringMatching(/"5 minutes" is not a duration/) },
    ]);
  });

  it("reports broken YAML with its line, and still checks the other documents", async () => {
    const text = `kind: AvatarPool\nspec: [\n---\n${stringify(good({ objective: undefined }))}`;
    const { findings } = await lintFile({ file: "a.yaml", text }, undefined);
    expect(findings.map(({ rule }) => rule)).toEqual(["yaml", "no-objective"]);
  });

  it("advises on valid pools that rarely do what their author wants", async () => {
    const model = (preset: object) => ({
      presets: [{ name: "leo", model: preset }],
      workers: [{ name: "cpu", engine: "essence", max: 9 }],
    });
    const sha256 = "0".repeat(64);
    expect(await rules(model({ url: "https://x.test/leo.imx" }))).toEqual(["model-checksum spec.presets[0].model"]);
    expect(await rules(model({ url: "http://x.test/leo.imx", sha256 }))).toEqual([]);
    expect(await rules({ presets: [{ name: "maya", image: { url: "http://x.test/m.jpg" } }] })).toEqual([
      "plain-http spec.presets[0].image.url",
    ]);
    for (const image of ["registry.test:5000/worker", "worker:latest"])
      expect(await rules({ workers: [gpuGroup({ image })] })).toEqual(["image-tag spec.workers[0].image"]);
    for (const image of ["registry.test:5000/worker:1.2", `worker@sha256:${sha256}`])
      expect(await rules({ workers: [gpuGroup({ image })] })).toEqual([]);
    expect(await rules({ warm: { slots: 9 } })).toEqual(["max-below-warm spec.presets[0]"]);
    expect(await rules({ warm: { slots: 0 } })).toEqual(["no-warm-slots spec.warm.slots"]);
    expect(await rules({ workers: [gpuGroup({ coldStart: "6m" })] })).toEqual([
      "deadline-below-cold-start spec.launch.queue.deadline",
    ]);
    expect(await rules({ objective: undefined })).toEqual(["no-objective spec"]);
    expect(await rules({ workers: [gpuGroup({ costPerHour: 1 }), gpuGroup({ name: "more" })] })).toEqual(["no-cost spec.workers"]);
    expect(await rules({ launch: { queue: { deadline: "5m" } } })).toEqual([
      "open-launches spec.launch",
      "any-image-host spec.launch",
    ]);
  });

  it("has a sentence and a remedy for every advice", async () => {
    const { findings } = await lint([
      poolObject({ workers: [gpuGroup({ image: "w" })], objective: undefined, warm: { slots: 99 } }),
    ]);
    expect(findings.length).toBeGreaterThan(4);
    for (const { rule, why, cure, severity } of findings) {
      expect([severity, Object.keys(adviceRules)]).toEqual(["advice", expect.arrayContaining([rule])]);
      expect(`${why}; ${cure}`).not.toMatch(/undefined|NaN|-1\]/);
    }
  });

  it("finds no error in the examples", async () => {
    const folder = path.join(import.meta.dirname, "../../../examples");
    for (const name of (await readdir(folder)).filter((file) => file.endsWith(".yaml"))) {
      const { findings } = await lintFile({ file: name, text: await readFile(path.join(folder, name), "utf8") }, undefined);
      expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    }
  });
});

describe("the rules of the API server", () => {
  const refused = new KubeError("", {
    ...{ status: 422, reason: "Invalid" },
    said: 'AvatarPool.avatarpool.dev "pool" is invalid: [spec.workers[0]: Invalid value: "object": min must not exceed max, spec.warm.slots: Invalid value: 5%: no]',
  });

  it("are evaluated by a dry run, message by message", async () => {
    const applied: unknown[] = [];
    const client = {
      apply: async (_type: unknown, object: object, options: object) => {
        applied.push(options, object);
        throw refused;
      },
    };
    const { findings } = await lint([good()], serverCheck(client as never, "avatars"));
    expect(applied).toMatchObject([{ dryRun: true }, { metadata: { namespace: "avatars", name: "pool" } }]);
    expect(findings.map(({ path: at, why }) => [at, why])).toEqual([
      ["spec.workers[0]", 'spec.workers[0]: Invalid value: "object": min must not exceed max'],
      ["spec.warm.slots", "spec.warm.slots: Invalid value: 5%: no"],
    ]);
  });

  it("are not judged if the request fails for another reason", async () => {
    const client = { apply: () => Promise.reject(new KubeError("away", { status: 0, reason: "NoAnswer" })) };
    await expect(lint([good()], serverCheck(client as never, "avatars"))).rejects.toThrow("away");
    expect(parse(stringify(good()))).toMatchObject({ kind: "AvatarPool" });
  });
});
