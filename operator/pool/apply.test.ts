import { describe, expect, it } from "vitest";
import {
  type DeploymentChange,
  deployment,
  deploymentObject,
  gpuGroup,
  gpuOnly,
  NOW_MS,
  pod,
  pool,
  SIDECAR_IMAGE,
  snapshot,
  type WorldChange,
} from "../../test/support/pools.ts";
import { conflict, forbidden, invalid, outage, RecordingClient } from "../../test/support/recording-client.ts";
import { annotations, labels } from "../api/names.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import { marksMetadata } from "../resources/marks.ts";
import { renderTemplate } from "../resources/worker-template.ts";
import { apply } from "./apply.ts";
import { Memories, type PoolMemory } from "./memory.ts";
import { plan } from "./plan.ts";
import type { PoolView } from "./views.ts";

const quick = { ...gpuOnly, scaling: { scaleDownAfter: "0s" } };

const victims = { verify: async () => true };

function operator(memory: PoolMemory = new Memories().of("p")) {
  const client = new RecordingClient();
  const carryOut = async (view: PoolView, change: WorldChange) => {
    const seen = snapshot(view, { ...change, memory });
    const applied = await apply({ client, victims }, seen, plan(seen), memory);
    if (applied.failure !== undefined) throw applied.failure;
    return applied;
  };
  return { client, memory, carryOut };
}

describe("apply", () => {
  it("creates the Deployment once, and sets the finalizer when pods exist", async () => {
    const { client, carryOut } = operator();
    const fresh = pool(gpuOnly, { finalizers: [] });
    await carryOut(fresh, { deployments: [] });
    expect(client.take()).toEqual(["apply deployments/support-gpu"]);
    await carryOut(fresh, { deployments: [] });
    expect(client.take(), "the watch lags").toEqual([]);
    await carryOut(fresh, { deployments: [], pods: [pod("a")] });
    expect(client.take()).toEqual(["apply avatarpools/support"]);
    await carryOut(fresh, { deployments: [], pods: [pod("a")] });
    expect(client.take(), "the watch lags").toEqual([]);
  });

  it("writes nothing if nothing has changed since its last write", async () => {
    const { client, carryOut, memory } = operator();
    const own = deployment("gpu", { generation: 1 });
    await carryOut(pool(gpuOnly), { pods: [pod("a")], deployments: [own] });
    expect(client.take()).toEqual(["apply deployments/support-gpu"]);
    const { uid, generation } = memory.applied.get("support-gpu")!.view;
    const unchanged = (change: object) =>
      carryOut(pool(gpuOnly), { pods: [pod("a")], deployments: [deployment("gpu", { uid, generation, ...change })] });
    await unchanged({});
    expect(client.take()).toEqual([]);
    await unchanged({ generation: generation + 1 });
    expect(client.take()).toEqual(["apply deployments/support-gpu"]);
  });

  it("applies the template that is wanted now, although the pool has not changed", async () => {
    const { client, carryOut, memory } = operator();
    const view = pool(gpuOnly);
    const rendered = renderTemplate(view.config, view.config.groups[0]!, SIDECAR_IMAGE);
    const template = { metadata: { annotations: { [annotations.template]: "older" } } };
    const shown = (change: DeploymentChange) => ({ pods: [pod("a")], deployments: [deployment("gpu", change)] });
    const kept = { ...rendered, renderedBy: "sidecar:0", template };
    await carryOut(view, shown({ standing: kept }));
    client.take();
    const { uid, generation } = memory.applied.get("support-gpu")!.view;
    await carryOut(view, shown({ uid, generation, standing: kept }));
    expect(client.take()).toEqual([]);
    await carryOut(view, shown({ uid, generation }));
    expect(client.take(), "its record was removed").toEqual(["apply deployments/support-gpu"]);
  });

  it("requires the version in the watch if the result of its last write is unknown", async () => {
    const { client, carryOut } = operator();
    const shown = (change: object) => ({
      pods: [pod("a")],
      deployments: [deployment("gpu", { replicas: 5, resourceVersion: "7", ...change })],
    });
    await carryOut(pool(gpuOnly), shown({}));
    expect(client.writes[0]?.sent.metadata, "a new leader").toMatchObject({ resourceVersion: "7" });
    await carryOut(
      pool({ ...gpuOnly, workers: [{ ...gpuGroup, env: [{ name: "A", value: "1" }] }] }),
      shown({ uid: "uid-of-support-gpu" }),
    );
    expect(client.writes[1]?.sent.metadata, "unchanged since the last write").not.toHaveProperty("resourceVersion");
    client.failNext = outage();
    await expect(carryOut(pool(gpuOnly), shown({ uid: "uid-of-support-gpu" }))).rejects.toThrow("no answer");
    await carryOut(pool(gpuOnly), shown({ uid: "uid-of-support-gpu" }));
    expect(client.writes[2]?.sent.metadata, "no answer").toMatchObject({ resourceVersion: "7" });
  });

  it("plans from the current Deployment if the watch is behind", async () => {
    const { client, carryOut } = operator();
    const lagging = { pods: [pod("a"), pod("b")], deployments: [deployment("gpu", { replicas: 6 })] };
    client.put(
      "deployments",
      { namespace: "avatars", name: "support-gpu" },
      deploymentObject("gpu", { replicas: 2, generation: 3 }),
    );
    client.failNext = conflict();
    await expect(carryOut(pool(gpuOnly), lagging)).rejects.toThrow();
    await carryOut(pool(gpuOnly), lagging);
    expect(client.writes).toMatchObject([{ sent: { spec: { replicas: 2 } } }]);
  });

  it("leaves a Deployment with the name but without our labels unchanged, and reports its owner", async () => {
    const { client, carryOut, memory } = operator();
    client.put("deployments", { namespace: "avatars", name: "support-gpu" }, deploymentObject("gpu", { owner: "nobody" }));
    client.failNext = conflict();
    await carryOut(pool(gpuOnly), { deployments: [] });
    expect(client.take()).toEqual([]);
    expect(memory.foreign.get("support-gpu")?.why).toContain("belongs to no pool");

    const later = (afterMs: number) => carryOut(pool(gpuOnly), { deployments: [], nowMs: NOW_MS + afterMs });
    await later(30_000);
    expect(client.requests, "a foreign Deployment is only read again").toBe(1);
    client.objects.clear();
    await later(60_000);
    expect(client.take()).toEqual(["apply deployments/support-gpu"]);
    expect(memory.foreign.size).toBe(0);
  });

  it("cordons first, and shrinks only by workers with the low deletion cost", async () => {
    const { client, carryOut } = operator();
    const busy = pod("a", { protected: true });
    await carryOut(pool(quick), { pods: [busy, pod("b")], sessions: { a: 1 } });
    expect(client.writes[0]).toMatchObject({ verb: "apply", plural: "pods", name: "b" });
    expect(annotationsOf(client.writes[0])).toMatchObject({ [annotations.cordoned]: new Date(NOW_MS).toISOString() });
    client.take();

    await carryOut(pool(quick), { pods: [busy, pod("b", { cordonedAtMs: NOW_MS })], sessions: { a: 1 } });
    const [released, shrunk] = client.writes;
    expect(annotationsOf(released)).toMatchObject({
      [annotations.cordoned]: new Date(NOW_MS).toISOString(),
      [annotations.deletionCost]: "-1000",
    });
    expect(shrunk).toMatchObject({ plural: "deployments", sent: { spec: { replicas: 1 } } });
  });

  it("uncordons a worker that the pool needs again", async () => {
    const { client, carryOut } = operator();
    await carryOut(pool(gpuOnly), { pods: [pod("a", { cordonedAtMs: 1 })] });
    expect(annotationsOf(client.writes[0])).not.toHaveProperty([annotations.cordoned]);
  });

  it("protects a worker that became busy after the pool reached its size, and releases an idle one, with one write each", async () => {
    const { client, carryOut } = operator();
    await carryOut(pool(gpuOnly), { pods: [pod("a"), pod("b", { protected: true })], sessions: { a: 1 } });
    const [size, ...marks] = client.writes;
    expect(size?.plural).toBe("deployments");
    expect(marks.map(({ name, sent }) => [name, sent.metadata])).toMatchObject([
      [
        "a",
        {
          labels: { [labels.protected]: "true" },
          annotations: { [annotations.deletionCost]: "1000", [annotations.safeToEvict]: "false" },
        },
      ],
      [
        "b",
        {
          labels: { [labels.protected]: "false" },
          annotations: { [annotations.deletionCost]: "0", [annotations.safeToEvict]: "true" },
        },
      ],
    ]);
    client.take();
    await carryOut(pool(gpuOnly), { pods: [pod("a"), pod("b", { protected: true })], sessions: { a: 1 } });
    expect(client.take(), "the watch lags").not.toContain("apply pods/a");
  });

  it("cordons and releases an idle worker with one write, and keeps the low cost beside a protection", async () => {
    const { client, carryOut } = operator();
    const busy = pod("a", { protected: true });
    await carryOut(pool(quick), { pods: [busy, pod("b", { protected: true })], sessions: { a: 1 } });
    expect(client.writes.filter(({ name }) => name === "b")).toMatchObject([
      { sent: { metadata: { labels: { [labels.protected]: "false" } } } },
    ]);
    expect(marksMetadata({ cordonedAtMs: 1, released: true, protected: true }).annotations[annotations.deletionCost]).toBe("-1000");
  });

  it("protects many workers in batches, the busy ones first", async () => {
    const { client, carryOut } = operator();
    const pods = Array.from({ length: 60 }, (_, index) => pod(`p${index}`, { protected: index < 50 }));
    await carryOut(pool({ ...gpuOnly, workers: [{ ...gpuGroup, max: 60, min: 60 }] }), { pods, sessions: { p59: 1 } });
    const marked = client.take().filter((write) => write.includes("pods/"));
    expect([marked[0], marked.length]).toEqual(["apply pods/p59", 32]);
  });

  it("does not shrink if a mark could not be written", async () => {
    const { client, carryOut } = operator();
    client.failNext = outage();
    const change = { pods: [pod("a"), pod("b", { cordonedAtMs: 1 })], sessions: { a: 1 } };
    await expect(carryOut(pool(quick), change)).rejects.toThrow("no answer");
    expect(client.take()).toEqual([]);
  });

  it("does not shrink if the API server rejects a mark, and writes everything else", async () => {
    const { client, carryOut } = operator();
    client.refuses = ({ name }) => (name === "b" ? forbidden('admission webhook "w" denied the request: no') : undefined);
    const change = { pods: [pod("a"), pod("b", { cordonedAtMs: 1 })], sessions: { a: 1 } };
    const { unwritten } = await carryOut(pool(quick), change);
    expect(client.writes.find(({ plural }) => plural === "deployments")).toMatchObject({ sent: { spec: { replicas: 2 } } });
    expect([...unwritten]).toEqual(["support-gpu"]);
    expect(client.take(), "the busy worker is protected").toContain("apply pods/a");
  });

  it("writes the other groups if the API server rejects one", async () => {
    const { client, carryOut } = operator();
    client.refuses = ({ name }) => (name === "support-gpu" ? invalid("no") : undefined);
    const { unwritten } = await carryOut(pool(), { deployments: [] });
    expect(client.take()).toEqual(["apply deployments/support-cpu"]);
    expect([...unwritten]).toEqual(["support-gpu"]);
  });

  it("follows demand with the current template if the API server rejects the wanted template", async () => {
    const { client, carryOut } = operator();
    client.refuses = ({ verb }) => (verb === "apply" ? invalid("spec.template: Invalid value") : undefined);
    const wanted = { pods: [pod("a")], sessions: { a: 2 }, deployments: [deployment("gpu", { replicas: 1 })], queued: { maya: 3 } };
    const { unwritten, failure } = await carryOut(pool(gpuOnly), wanted);
    expect(client.writes).toMatchObject([{ verb: "patch", plural: "deployments", sent: { spec: { replicas: 3 } } }]);
    expect(client.writes[0]?.sent.spec, "replicas only").toEqual({ replicas: 3 });
    expect([[...unwritten], failure]).toEqual([[], undefined]);
  });

  it("writes marks of many workers at the same time, within a bound, and all of them before the Deployment", async () => {
    const { client, memory } = operator();
    const pods = Array.from({ length: 3_000 }, (_, index) => pod(`p${index}`, { cordonedAtMs: 1 }));
    const seen = snapshot(pool({ ...quick, workers: [{ ...gpuGroup, max: 3_000 }], warm: { slots: 0 } }), { pods, memory });
    let underWay = 0;
    let most = 0;
    let marked = 0;
    const slow = async (type: ResourceType, object: KubeObject) => {
      if (type.plural !== "pods") expect([marked, underWay]).toEqual([3_000, 0]);
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      if (type.plural === "pods") marked++;
      return client.apply(type, object);
    };
    const counting = Object.assign(Object.create(client), { apply: slow }) as RecordingClient;
    await apply({ client: counting, victims }, seen, plan(seen), memory);
    expect(most).toBe(32);
    expect(client.writes.at(-1)).toMatchObject({ plural: "deployments", sent: { spec: { replicas: 0 } } });
  });

  it("lowers replicas only by workers that it could release, even if the watch shows them as released", async () => {
    const { client, carryOut } = operator();
    const idle = { cordonedAtMs: 1, released: true };
    client.failNext = conflict();
    await carryOut(pool(quick), { pods: [pod("a", { protected: true }), pod("b", idle), pod("c", idle)], sessions: { a: 1 } });
    expect(client.writes.filter(({ plural }) => plural === "deployments")).toMatchObject([{ sent: { spec: { replicas: 2 } } }]);
  });

  it("keeps the latest of the pods that ended permanently, and deletes the others by their UID", async () => {
    const { client, carryOut } = operator();
    const ended = Array.from({ length: 12 }, (_, index) =>
      pod(`e${index}`, { ended: { reason: "Evicted", atMs: NOW_MS - index * 1_000 } }),
    );
    await carryOut(pool(gpuOnly), { pods: [pod("a"), ...ended], deployments: [deployment("gpu", { replicas: 1 })] });
    expect(client.writes.filter(({ verb }) => verb === "delete")).toMatchObject([
      { name: "e11", sent: { uid: "uid-e11" } },
      { name: "e10", sent: { uid: "uid-e10" } },
    ]);
  });

  it("continues if a worker is gone before its mark is written", async () => {
    const { client, carryOut, memory } = operator();
    client.failNext = conflict();
    await carryOut(pool(quick), { pods: [pod("a", { protected: true }), pod("b")], sessions: { a: 1 } });
    expect(client.take()).toEqual(["apply deployments/support-gpu"]);
    expect(memory.marks.size).toBe(0);
  });

  it("scales the Deployment of a deleted pool to zero, removes it, and then removes the finalizer", async () => {
    const { client, carryOut } = operator();
    const deleted = (agoMs: number) => pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS - agoMs).toISOString() });
    await carryOut(deleted(0), { pods: [pod("a", { cordonedAtMs: 1 })] });
    expect(client.writes.at(-1)).toMatchObject({ verb: "patch", sent: { spec: { replicas: 0 } } });
    client.take();
    await carryOut(deleted(0), { deployments: [deployment("gpu", { replicas: 0 })] });
    expect(client.writes).toMatchObject([{ verb: "delete", name: "support-gpu", sent: { uid: "uid-gpu" } }]);
    client.take();
    await carryOut(deleted(0), { deployments: [] });
    expect(client.writes).toMatchObject([{ plural: "avatarpools", sent: { metadata: { finalizers: [] } } }]);
  });

  it("lowers the Deployment of a deleted pool once, even if the watch lags", async () => {
    const { client, carryOut } = operator();
    const idle = pod("a", { cordonedAtMs: 1, cordonAcknowledged: true } as never);
    const deleted = pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS).toISOString() });
    const seen = { pods: [idle], deployments: [deployment("gpu", { replicas: 1 })] };
    await carryOut(deleted, seen);
    const lowered = client.take().filter((write) => write.includes("deployments"));
    await carryOut(deleted, seen);
    expect([lowered, client.take().filter((write) => write.includes("deployments"))]).toEqual([
      ["patch deployments/support-gpu"],
      [],
    ]);
  });

  it("deletes the remaining pods at the drain timeout, each once and by its UID", async () => {
    const { client, carryOut } = operator();
    const late = pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS - 3_600_000).toISOString() });
    await carryOut(late, { pods: [pod("a")], sessions: { a: 1 } });
    expect(client.writes.at(-1)).toMatchObject({ verb: "delete", plural: "pods", sent: { uid: "uid-a", gracePeriodSeconds: 10 } });
    client.take();
    await carryOut(late, {
      pods: [pod("a", { deleting: true, graceSeconds: 10 })],
      deployments: [deployment("gpu", { replicas: 0 })],
    });
    expect(client.take()).toEqual([]);
  });

  it("accepts that a pool is gone before its finalizer is removed", async () => {
    const { client, carryOut } = operator();
    client.failNext = conflict();
    await carryOut(pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS).toISOString() }), { deployments: [] });
    expect(client.take()).toEqual([]);
  });
});

function annotationsOf(write: RecordingClient["writes"][number] | undefined) {
  return (write?.sent.metadata as { annotations?: Record<string, string> } | undefined)?.annotations;
}
