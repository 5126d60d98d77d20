import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../bundles.ts";
import { withRegistry } from "./registry.ts";

describe("withRegistry", () => {
  it("changes only the registry of this repository's chart, and keeps the comments", async () => {
    const before = await readFile(path.join(root, "charts", "avatarpool", "values.yaml"), "utf8");
    const after = withRegistry(before, "registry.example.com/team");
    const { image, ...others } = parse(before);
    expect(parse(after)).toEqual({ ...others, image: { ...image, registry: "registry.example.com/team" } });
    const comments = (text: string) => text.match(/#.*$/gm);
    expect(comments(after)).toEqual(comments(before));
  });

  it("rejects a chart without the value", () => {
    expect(() => withRegistry("image: {}\n", "x")).toThrow("values.yaml has no image.registry");
  });
});

describe("the documentation", () => {
  const pages = execFileSync("git", ["ls-files", "-z", "*.md", "*Dockerfile", "examples", "charts", "dist"], { cwd: root })
    .toString()
    .split("\0")
    .filter((file) => file !== "" && file !== "CHANGELOG.md");

  it.each(pages)("%s names AvatarPool's images in one way", async (file) => {
    const text = await readFile(path.join(root, file), "utf8");
    const named = [...text.matchAll(/([\w.-]+)\/(?:charts\/)?(?:avatarpool|essence-worker):[\w.$]/g)].map(
      ([, registry]) => registry,
    );
    expect(named.filter((registry) => registry !== "YOUR_REGISTRY")).toEqual([]);
    expect(text).not.toMatch(/--set[ =]image\.repository/);
  });
});
