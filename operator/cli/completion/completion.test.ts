import { describe, expect, it } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import type { ResourceType } from "../../kube/types.ts";
import type { NamespaceFlags } from "../flags.ts";
import { createProgram } from "../program.ts";
import { complete } from "./complete.ts";

const objects: Readonly<Record<string, readonly object[]>> = {
  avatarpools: [
    { metadata: { name: "support", namespace: "avatars" }, spec: { workers: [{ name: "gpu" }, { name: "cpu" }] } },
    { metadata: { name: "sales", namespace: "other" }, spec: { workers: [{ name: "gpu" }] } },
  ],
  pods: [{ metadata: { name: "support-gpu-1", labels: { "avatarpool.dev/pool": "support", "avatarpool.dev/group": "gpu" } } }],
};

async function completed(...words: string[]) {
  const lines: string[] = [];
  let asked: NamespaceFlags | undefined;
  const list = async ({ plural }: ResourceType) => ({ items: objects[plural] ?? [] });
  await complete(
    createProgram("avatarpool"),
    words,
    (line) => lines.push(line),
    (flags, run) => {
      asked = flags;
      return run({ client: { list } as unknown as KubeClient, namespace: flags.namespace ?? "default" });
    },
  );
  return { words: lines.slice(0, -1).map((line) => line.split("\t")[0]), directive: lines.at(-1), asked };
}

describe("completion", () => {
  it("offers the commands, without hidden ones, and their options", async () => {
    expect((await completed("st")).words).toEqual(["status"]);
    expect((await completed("")).words).not.toContain("__complete");
    expect((await completed("status", "--w")).words).toEqual(["--watch"]);
    expect((await completed("status", "-o", "")).words).toEqual(["table", "wide", "json", "yaml"]);
    expect((await completed("completion", "")).words).toEqual(["bash", "zsh", "fish"]);
  });

  it("offers pools, workers, groups and namespaces of the cluster, with the options that lead to it", async () => {
    expect((await completed("status", "s")).words).toEqual(["support", "sales"]);
    const inNamespace = await completed("pause", "--context=there", "-n", "avatars", "sup");
    expect(inNamespace).toMatchObject({ words: ["support"], asked: { context: "there", namespace: "avatars" } });
    expect((await completed("drain", "")).words).toEqual(["support-gpu-1"]);
    expect((await completed("restart", "")).words).toEqual(["gpu", "cpu"]);
    expect((await completed("restart", "gpu", "--pool", "sa")).words).toEqual(["sales"]);
    expect((await completed("status", "-n", "")).words).toEqual(["avatars", "other"]);
    expect((await completed("status", "support", "")).words).toEqual([]);
  });

  it("leaves files to the shell", async () => {
    expect(await completed("simulate", "")).toMatchObject({ words: [], directive: ":0" });
    expect((await completed("plan", "-f", "")).directive).toBe(":0");
    expect((await completed("status", "")).directive).toBe(":4");
  });

  it("offers nothing if the cluster does not respond", async () => {
    const lines: string[] = [];
    const away = () => Promise.reject(new Error("away"));
    await complete(createProgram("avatarpool"), ["status", ""], (line) => lines.push(line), away);
    expect(lines).toEqual([":4"]);
  });
});
