import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { KUBERNETES_VERSIONS } from "../../test/support/controlplane/tool-modules.ts";
import { root } from "../bundles.ts";
import { releasedVersion, statedVersions } from "./versions.ts";

describe("releasedVersion", () => {
  const stated = [
    { where: "package.json", version: "0.2.0" },
    { where: "Chart.yaml (version)", version: "0.2.0" },
  ];

  it("is the version of the tag, if every file states it", () => {
    expect(releasedVersion("v0.2.0", stated)).toBe("0.2.0");
    expect(releasedVersion("v1.0.0-rc.1", [{ where: "package.json", version: "1.0.0-rc.1" }])).toBe("1.0.0-rc.1");
  });

  it("names every file with another version, and rejects other tags", () => {
    const sentence = "the tag is v0.3.0, but package.json states 0.2.0, Chart.yaml (version) states 0.2.0: set 0.3.0 there";
    expect(() => releasedVersion("v0.3.0", stated)).toThrow(sentence);
    for (const tag of ["0.2.0", "v0.2", "vnext"]) expect(() => releasedVersion(tag, stated)).toThrow("use the form v1.2.3");
  });
});

describe("this repository", () => {
  it("states one version everywhere", async () => {
    const stated = await statedVersions();
    expect(stated).toHaveLength(4);
    expect(new Set(stated.map(({ version }) => version)).size, JSON.stringify(stated)).toBe(1);
  });

  const oldest = minor(KUBERNETES_VERSIONS.oldest);
  const newest = minor(KUBERNETES_VERSIONS.newest);

  it.each([
    ["README.md", `Kubernetes ${oldest} to ${newest}`],
    ["docs/versions.md", `| ${oldest} to ${newest} |`],
    ["charts/avatarpool/README.md", `Kubernetes ${oldest} to ${newest}`],
    ["charts/avatarpool/Chart.yaml", `kubeVersion: ">=${oldest}.0-0"`],
  ])("%s states the tested versions of Kubernetes", async (file, text) => {
    expect((await readFile(path.join(root, file), "utf8")).replaceAll(/\s+/g, " ")).toContain(text);
  });
});

function minor(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
