import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { defaultSpec, deploymentObject, gpuGroup, gpuOnly, podObject, poolObject } from "../../test/support/pools.ts";
import type { Workers } from "../api/debug.ts";
import { KubeError } from "../kube/errors.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import { OperatorError } from "./ask-operator.ts";
import { type PlanOptions, planNow } from "./plan.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "plan-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function poolFile(spec: object, metadata: object = { name: "support" }): Promise<string> {
  const file = path.join(folder, "pool.yaml");
  await writeFile(
    file,
    stringify({ kind: "AvatarPool", apiVersion: "avatarpool.dev/v1alpha1", metadata, spec: { ...defaultSpec, ...spec } }),
  );
  return file;
}

const busyPods = ["a", "b"].map((name) => podObject(name));
const workers = (sessions: number, change: Partial<Workers> = {}): Workers => ({
  operator: "operator-1",
  pool: "avatars/support",
  gatewaysConnected: 1,
  gatewaySilent: false,
  queued: {},
  deficit: {},
  forecast: {},
  workers: ["uid-a", "uid-b"].map((uid) => ({
    uid,
    sessions,
    reserved: 0,
    slots: 2,
    ready: true,
    cordonAcknowledged: true,
    blocked: 0,
  })),
  ...change,
});

interface World {
  readonly live?: object;
  readonly told?: Workers;
  readonly pods?: readonly KubeObject[];
  readonly deployments?: readonly KubeObject[];
  readonly options?: Partial<PlanOptions>;
  readonly forbidden?: string;
}

async function run({ live, told, pods = busyPods, deployments, options = {}, forbidden }: World) {
  const lists: Record<string, readonly KubeObject[]> = {
    pods,
    deployments: deployments ?? [deploymentObject("gpu", { replicas: 2 })],
  };
  const client = {
    get: async <T>(type: ResourceType) =>
      ({ avatarpools: live, secrets: { data: { "api-secret": "" } } })[type.plural] as T | undefined,
    list: async <T>({ plural }: ResourceType, asked: { readonly continue?: string } = {}) => {
      if (plural === forbidden) throw new KubeError("no", { status: 403, reason: "Forbidden" });
      // One object per page.
      const index = Number(asked.continue ?? 0);
      const items = (lists[plural] ?? []).slice(index, index + 1) as unknown as readonly T[];
      return { items, resourceVersion: "1", ...(index + 1 < (lists[plural]?.length ?? 0) && { continue: String(index + 1) }) };
    },
  };
  const ask = async () => {
    if (told === undefined) throw new OperatorError("it sleeps");
    return told;
  };
  const lines: string[] = [];
  const given = {
    name: options.file === undefined ? "support" : undefined,
    file: undefined,
    namespace: undefined,
    output: "json" as const,
  };
  await planNow({ client, namespace: "avatars", ask }, { ...given, ...options }, (line) => lines.push(line));
  return lines;
}

const json = async (world: World) => JSON.parse((await run(world))[0]!);
const live = poolObject({ ...gpuOnly, warm: { slots: 1 } });

describe("plan", () => {
  it("prints what the operator would do now, with the reason, from the gateways' reports", async () => {
    const { pool, groups } = await json({ live, told: workers(2) });
    expect(pool).toBe("avatars/support");
    expect(groups).toMatchObject([
      {
        group: "gpu",
        from: 2,
        to: 3,
        wanted: 3,
        reason: "4 sessions + 0 queued + 1 warm = 5 slots / 2 per worker = 3",
        inputs: { sessions: 4 },
      },
    ]);
  });

  it("plans a file against the existing workers: changed numbers, a removed group and an added group", async () => {
    const file = await poolFile({ ...gpuOnly, workers: [{ ...gpuGroup, name: "other", min: 2 }] });
    const { groups } = await json({ live, told: workers(0), options: { file } });
    expect(groups).toMatchObject([
      { group: "other", from: 0, to: 2 },
      { group: "gpu", from: 2, reason: "removed from the pool: its workers are removed as their sessions end" },
    ]);
  });

  it.each(["deficit", "pressure"])("adds the slots that recent launches lacked, by %s", async (name) => {
    const { deficit: _, ...rest } = workers(0);
    const { groups } = await json({ live: poolObject(gpuOnly), told: { ...rest, [name]: { maya: 5 } } });
    expect(groups[0]).toMatchObject({ group: "gpu", reason: expect.stringContaining("0 sessions + 0 queued + 6 warm") });
  });

  it("uses the operator's forecast", async () => {
    const forecast = { gpu: { slots: 7, holdMs: 60_000, because: "7 warm for 99%" } };
    const { groups } = await json({ live: poolObject(gpuOnly), told: workers(0, { forecast }) });
    expect(groups).toMatchObject([{ to: 4, reason: expect.stringContaining("7 warm for 99%") }]);
  });

  it("removes no worker while sessions are unknown, and reports what is unknown", async () => {
    const lines = (await run({ live: poolObject(gpuOnly), options: { output: "table" } })).join("\n");
    expect(lines).toContain("gpu stays at 2");
    expect(lines).toContain("later 1, if demand stays lower for scaling.scaleDownAfter");
    expect(lines).toContain("- sessions and waiting launches, counted as none, so that no worker is removed: it sleeps");
    expect(lines).toContain("- the demand forecast");
    expect((await json({ live, told: workers(0) })).notKnown.join()).not.toMatch(/sessions|learned/);
  });

  it("plans a pool that is not in the cluster, and reports a Deployment with the same name", async () => {
    const file = await poolFile(gpuOnly);
    const started = await json({ pods: [], deployments: [], options: { file } });
    expect(started.groups).toMatchObject([{ group: "gpu", from: 0, to: 1 }]);
    const foreign = await json({ live, told: workers(0), pods: [], deployments: [deploymentObject("gpu", { owner: "nobody" })] });
    expect(foreign.groups).toMatchObject([{ group: "gpu", reason: expect.stringMatching(/exists and belongs to no pool/) }]);
  });

  it("reports invalid arguments and missing permissions", async () => {
    await expect(run({ options: { name: undefined } })).rejects.toThrow(/pass the name of an AvatarPool of the cluster, or a file/);
    await expect(run({})).rejects.toThrow(/there is no AvatarPool support in namespace avatars/);
    await expect(run({ options: { file: "/no/such/file" } })).rejects.toThrow(/failed to read \/no\/such\/file/);
    const file = await poolFile(gpuOnly, { name: "support", namespace: "avatars" });
    await expect(run({ options: { file, namespace: "b" } })).rejects.toThrow(/has namespace avatars, not b/);
    await expect(run({ live, forbidden: "pods" })).rejects.toMatchObject({ status: 403 });
  });
});
