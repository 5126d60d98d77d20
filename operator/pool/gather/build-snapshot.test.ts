import { describe, expect, it } from "vitest";
import { deployment, gpuOnly, NOW_MS, pod, pool, snapshot } from "../../../test/support/pools.ts";
import { maximum } from "../../scaling/window.ts";
import { Memories } from "../memory.ts";

const released = { cordonedAtMs: NOW_MS, released: true, protected: false };
const memory = () => new Memories().of("p");
const gpu = (...parameters: Parameters<typeof snapshot>) => snapshot(...parameters).groups[0]!;

describe("buildSnapshot", () => {
  it("counts sessions and launches in progress by worker, and sessions of terminating workers separately", () => {
    const { members } = gpu(pool(gpuOnly), { pods: [pod("a"), pod("b", { deleting: true })], sessions: { a: 1, b: 2 } });
    expect(members.workers).toMatchObject([{ pod: "a", busy: 1 }]);
    expect(members).toMatchObject({ terminatingBusy: 2, terminating: [{ name: "b" }] });
  });

  it("treats a cordon as acknowledged after the gateway has reported it", () => {
    const change = { pods: [pod("a", { cordonedAtMs: 1 })] };
    expect(gpu(pool(gpuOnly), change).members.workers[0]!.cordonAcknowledged).toBe(true);
    expect(gpu(pool(gpuOnly), { ...change, unacknowledged: ["a"] }).members.workers[0]!.cordonAcknowledged).toBe(false);
  });

  it("distinguishes our Deployments, foreign ones, and those of a former pool of the same name", () => {
    const kind = (owner?: string) =>
      gpu(pool(gpuOnly), { deployments: [deployment("gpu", owner === undefined ? {} : { owner })] }).deployment;
    expect(kind()).toMatchObject({ kind: "own" });
    expect(kind("nobody")).toMatchObject({
      kind: "foreign",
      why: expect.stringMatching(/avatars\/support-gpu .*belongs to no pool: .*does not change it/),
    });
    expect(kind("former")).toMatchObject({ kind: "foreign", why: expect.stringContaining("perhaps a deleted pool") });
    expect(gpu(pool(gpuOnly), { deployments: [] }).deployment).toEqual({ kind: "absent" });
  });

  it("records for half a minute that an unlabelled Deployment has the name", () => {
    const known = memory();
    known.foreign.set("support-gpu", { why: "theirs", atMs: NOW_MS });
    const kind = (afterMs: number) =>
      gpu(pool(gpuOnly), { deployments: [], memory: known, nowMs: NOW_MS + afterMs }).deployment.kind;
    expect(kind(29_999)).toBe("foreign");
    expect(kind(30_000)).toBe("absent");
  });

  it("retires our Deployments of groups that the pool no longer has, and no others", () => {
    const others = [deployment("old"), deployment("theirs", { owner: "other" })];
    expect(snapshot(pool(gpuOnly), { deployments: others }).retired).toMatchObject([{ deployment: { group: "old" } }]);
  });

  it("uses its own writes until the watch shows them", () => {
    const known = memory();
    known.applied.set("support-gpu", {
      view: deployment("gpu", { generation: 2, replicas: 5, template: "t2" }),
      hash: "",
      atMs: NOW_MS,
    });
    known.marks.set("uid-a", { marks: released, atMs: NOW_MS });
    const see = (generation: number, afterMs: number) => {
      const seen = gpu(pool(gpuOnly), {
        pods: [pod("a")],
        deployments: [deployment("gpu", { generation, replicas: 3 })],
        memory: known,
        nowMs: NOW_MS + afterMs,
      });
      return {
        deployment: seen.deployment.kind === "own" && seen.deployment.view,
        released: seen.members.workers[0]!.released,
      };
    };
    // The template too: otherwise a rollout that has just begun would count as none.
    expect(see(1, 0)).toMatchObject({ deployment: { replicas: 5, template: "t2" }, released: true });
    // A later foreign change wins.
    expect(see(3, 5_001)).toMatchObject({ deployment: { replicas: 3, template: "t1" }, released: false });
  });

  it("removes its record of marks after the watch must have shown them, also for deleted pods", () => {
    const known = memory();
    known.marks.set("uid-gone", { marks: released, atMs: NOW_MS });
    snapshot(pool(gpuOnly), { memory: known, nowMs: NOW_MS + 5_001 });
    expect(known.marks.size).toBe(0);
  });

  it("uses the present size without the leaving workers as the recent target of a new leader", () => {
    const pods = [pod("a"), pod("b"), pod("c", { cordonedAtMs: 1 })];
    expect(maximum(gpu(pool(gpuOnly), { pods }).wanted, NOW_MS, 1_000)).toBe(2);
    expect(gpu(pool(gpuOnly), { deployments: [] }).wanted).toEqual([]);
  });
});
