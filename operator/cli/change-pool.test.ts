import { describe, expect, it } from "vitest";
import { annotations } from "../api/names.ts";
import { KubeError } from "../kube/errors.ts";
import { drainWorker } from "./drain.ts";
import { setPaused } from "./pause.ts";
import { restartGroup } from "./restart.ts";

const ref = { namespace: "avatars", name: "support" };
const now = new Date("2026-01-01T12:00:00Z");

function fake(found: object | undefined, items: readonly object[] = []) {
  const patches: unknown[][] = [];
  const lines: string[] = [];
  const hints: string[] = [];
  const client = {
    get: async () => found as never,
    list: async () => ({ items, resourceVersion: "1" }) as never,
    mergePatch: async (...args: readonly unknown[]) => {
      patches.push([...args.slice(1)]);
      return {} as never;
    },
  };
  return { client, patches, lines, hints, print: (line: string) => lines.push(line), hint: (line: string) => hints.push(line) };
}

describe("pause and resume", () => {
  it("set the field as a manager of their own, and remove it again", async () => {
    const { client, patches, print, hint } = fake({ spec: {} });
    await setPaused(client, ref, true, print, hint);
    expect(patches).toEqual([[ref, { spec: { scaling: { paused: true } } }, { fieldManager: "avatarpool-cli" }]]);
    const paused = fake({ spec: { scaling: { paused: true } } });
    await setPaused(paused.client, ref, false, paused.print, paused.hint);
    expect(paused.patches).toMatchObject([[ref, { spec: { scaling: { paused: null } } }, {}]]);
  });

  it("write nothing if the pool has the state already, and report a missing pool", async () => {
    const { client, patches, lines, print, hint } = fake({ spec: { scaling: { paused: true } } });
    await setPaused(client, ref, true, print, hint);
    expect([patches, lines]).toEqual([[], ["AvatarPool avatars/support is paused already"]]);
    await expect(setPaused(fake(undefined).client, ref, true, print, hint)).rejects.toThrow(/there is no AvatarPool support/);
  });

  it("name a manager that applies the field and may revert it", async () => {
    const managedFields = [
      { manager: "argocd", operation: "Apply", fieldsV1: { "f:spec": { "f:scaling": { "f:paused": {} } } } },
      { manager: "flux", operation: "Apply", fieldsV1: { "f:spec": { "f:scaling": {} } } },
      // The owner of the default value.
      { manager: "creator", operation: "Update", fieldsV1: { "f:spec": { "f:scaling": { "f:paused": {} } } } },
    ];
    const annotations = {
      "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ spec: { scaling: { paused: false } } }),
    };
    const { client, hints, print, hint } = fake({ metadata: { managedFields, annotations }, spec: {} });
    await setPaused(client, ref, true, print, hint);
    expect(hints).toEqual([expect.stringMatching(/^argocd and kubectl apply also set spec.scaling.paused and may revert this/)]);
  });
});

describe("drain", () => {
  const worker = { namespace: "avatars", name: "support-gpu-1" };
  const labels = { "avatarpool.dev/pool": "support" };
  const run = async (pod: object | undefined, undo = false) => {
    const { client, patches, lines, print } = fake(pod);
    await drainWorker(client, worker, { undo, now }, print);
    return { patches, lines };
  };

  it("requests the drain of a worker, and withdraws the request", async () => {
    const requested = await run({ metadata: { labels } });
    expect(requested.patches[0]?.[1]).toEqual({ metadata: { annotations: { [annotations.drain]: now.toISOString() } } });
    expect(requested.lines).toEqual([expect.stringMatching(/takes no more launches, and is removed once its sessions have ended/)]);
    const undone = await run({ metadata: { labels, annotations: { [annotations.drain]: "x" } } }, true);
    expect(undone.patches[0]?.[1]).toEqual({ metadata: { annotations: { [annotations.drain]: null } } });
  });

  it("writes nothing for a worker that drains already, and rejects other pods", async () => {
    expect((await run({ metadata: { labels, annotations: { [annotations.drain]: "x" } } })).patches).toEqual([]);
    expect((await run({ metadata: { labels, deletionTimestamp: "x" } })).lines[0]).toMatch(/is being deleted already/);
    await expect(run({ metadata: { labels: {} } })).rejects.toThrow(/there is no worker support-gpu-1 in namespace avatars/);
    await expect(run(undefined)).rejects.toThrow(/list the workers with kubectl/);
  });
});

describe("restart", () => {
  const pools = [
    { metadata: { name: "support" }, spec: { workers: [{ name: "gpu" }, { name: "cpu" }] } },
    { metadata: { name: "sales" }, spec: { workers: [{ name: "gpu" }] } },
  ];
  const run = async (group: string, pool?: string) => {
    const { client, patches, print } = fake(undefined, pools);
    await restartGroup(client, { namespace: "avatars", group, pool, now }, print);
    return patches;
  };

  it("changes the template of the group's Deployment as kubectl rollout restart does", async () => {
    expect(await run("cpu")).toMatchObject([
      [
        { name: "support-cpu" },
        { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": now.toISOString() } } } } },
        { fieldManager: "avatarpool-cli" },
      ],
    ]);
    expect(await run("gpu", "sales")).toMatchObject([[{ name: "sales-gpu" }, {}, {}]]);
  });

  it("asks for the pool if several have the group, and lists the groups if none has it", async () => {
    await expect(run("gpu")).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/support, sales .*--pool/) });
    await expect(run("tpu")).rejects.toThrow(
      /no group tpu in namespace avatars; groups are support: gpu, support: cpu, sales: gpu/,
    );
  });

  it("reports a group without a Deployment", async () => {
    const { client, print } = fake(undefined, pools);
    const mergePatch = () => Promise.reject(new KubeError("no", { status: 404, reason: "NotFound" }));
    const restart = restartGroup({ ...client, mergePatch }, { namespace: "avatars", group: "cpu", pool: undefined, now }, print);
    await expect(restart).rejects.toThrow(/has no Deployment yet/);
  });
});
