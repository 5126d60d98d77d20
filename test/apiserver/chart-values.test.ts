import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { valueNames } from "../../scripts/chart-values.ts";
import { changesOf, type Rendered } from "../chart/changes.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { foreignCrd, foreignCrds } from "../support/foreign-crds.ts";

/**
 * Renders the chart with each file of `test/chart/values`. A golden file has what it changes against the default values. A real API
 * server with the CRDs of the other projects validates all objects, in namespaces that warn of pods that are not `restricted`.
 */

const root = path.join(import.meta.dirname, "..", "..");
const chart = path.join(root, "charts", "avatarpool");
const folder = path.join(root, "test", "chart");
const names = (of: string) => readdirSync(path.join(folder, of)).map((file) => path.parse(file).name);
const { version } = parse(readFileSync(path.join(chart, "Chart.yaml"), "utf8"));
const HINT = "if the change is intended, run: npx vitest run --project apiserver test/apiserver/chart-values.test.ts -u";

let plane: ControlPlane;
let defaults: readonly Rendered[];

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  const namespaces = ["system", "elsewhere", "avatars", "support"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "pod-security.kubernetes.io/warn": "restricted" } },
  }));
  await apply(namespaces.map((namespace) => stringify(namespace)).join("---\n"));
  for (const name of foreignCrds) await apply(readFileSync(await foreignCrd(name), "utf8"), "--server-side");
  await plane.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  defaults = objectsOf(await render()).map(withoutContent);
});
afterAll(() => plane?.stop());

async function apply(manifests: string, ...options: readonly string[]): Promise<void> {
  expect(await plane.kubectl(["apply", ...options, "-f", "-"], { stdin: manifests })).toMatchObject({ code: 0, stderr: "" });
}

async function render(...options: readonly string[]): Promise<string> {
  const args = ["template", "ap", chart, "--namespace=system", "--set=crds.install=false", ...options];
  const { code, stdout, stderr } = await plane.run("helm", args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const objectsOf = (manifests: string) =>
  parseAllDocuments(manifests).flatMap((document) => (document.toJS() as Rendered | null) ?? []);

/** Permissions, alerts and dashboards have their own tests. */
function withoutContent(object: Rendered): Rendered {
  const key = { Role: "rules", ClusterRole: "rules", PrometheusRule: "spec", ConfigMap: "data" }[object.kind];
  return key === undefined || !(key in object) ? object : { ...object, [key]: "…" };
}

describe("values", () => {
  it.each(names("values"))("%s", async (name) => {
    const file = path.join(folder, "values", `${name}.yaml`);
    const manifests = await render(`--values=${file}`);
    await apply(manifests, "--dry-run=server");

    const { fullnameOverride = "ap", namespaceOverride = "system" } = parse(readFileSync(file, "utf8"));
    const own = new Map([
      [fullnameOverride, "ap"],
      [namespaceOverride, "system"],
    ]);
    const objects = objectsOf(manifests).map(withoutContent);
    const golden = path.join(folder, "golden", `${name}.yaml`);
    const changes = stringify(changesOf(defaults, objects, own), { lineWidth: 0 }).replaceAll(version, "VERSION");
    await expect(changes, HINT).toMatchFileSnapshot(golden);
  });

  it("are all in one of the files", async () => {
    const files = names("values").map((name) => parse(readFileSync(path.join(folder, "values", `${name}.yaml`), "utf8")));
    // The tests of the chart install the CRD.
    const all = (await valueNames()).filter((name) => !name.startsWith("crds."));
    const isSet = (name: string) => files.some((values) => name.split(".").reduce((at, key) => at?.[key], values) !== undefined);
    // Both components render common values by the same templates.
    const forms = (name: string) =>
      ["operator", "gateway"].map((component) => name.replace(/^(operator|gateway)\./, `${component}.`));
    expect(all.filter((name) => !forms(name).some(isSet))).toEqual([]);
  });

  it("exist for every golden file", () => {
    expect(names("values")).toEqual(expect.arrayContaining(names("golden")));
  });
});
