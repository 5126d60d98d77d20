import { describe, expect, it } from "vitest";
import { containerStatus as container } from "../../test/support/container-status.ts";
import { deployment, NOW_MS, pod, podObject, pool, poolObject } from "../../test/support/pools.ts";
import { FINALIZER } from "../api/names.ts";
import { deploymentView, podView, poolView } from "./views.ts";
import { isWarm } from "./warmup/warmth.ts";

const problem = (status: object) => pod("a", { stage: "pending", status }).problem;

describe("podView", () => {
  it("returns the stage of a pod", () => {
    const progress = (stage: "unscheduled" | "pending" | "starting" | "answering" | "warm") => {
      const { scheduled, running, containersReady, ready } = pod("a", { stage });
      return [scheduled, running, containersReady, ready];
    };
    expect(progress("unscheduled")).toEqual([false, false, false, false]);
    expect(progress("pending")).toEqual([true, false, false, false]);
    expect(progress("starting")).toEqual([true, true, false, false]);
    expect(progress("answering")).toEqual([true, true, true, false]);
    expect(progress("warm")).toEqual([true, true, true, true]);
  });

  it("quotes the scheduler only while the pod has no node", () => {
    expect(pod("a", { stage: "unscheduled" }).unschedulable).toBe("0/3 nodes are available.");
    expect(pod("a", { stage: "pending" }).unschedulable).toBeUndefined();
    const gated = { conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] };
    expect(pod("a", { stage: "unscheduled", status: gated }).unschedulable).toBeUndefined();
  });

  it.each([
    [
      "an image that cannot be pulled",
      "containerStatuses",
      container("worker", { waiting: { reason: "ImagePullBackOff", message: "no such tag" } }),
      { reason: "ImagePullBackOff", message: "worker: no such tag" },
    ],
    [
      "a failed fetch, with its message",
      "initContainerStatuses",
      container("fetch-assets", { terminated: { exitCode: 1, reason: "Error", message: "preset leo: answered 404\n" } }),
      { reason: "Error", message: "fetch-assets: preset leo: answered 404" },
    ],
    [
      "a crash loop, with the last message",
      "initContainerStatuses",
      container(
        "fetch-assets",
        { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
        { lastState: { terminated: { exitCode: 1, message: "preset leo: answered 404" } } },
      ),
      { reason: "CrashLoopBackOff", message: "fetch-assets: preset leo: answered 404" },
    ],
    [
      "an exit without a message",
      "containerStatuses",
      container("worker", { terminated: { exitCode: 137 } }),
      { reason: "Error", message: "worker: ended with exit code 137" },
    ],
    [
      "a worker, without the room token in its last message",
      "containerStatuses",
      container("worker", { terminated: { exitCode: 1, message: "panic: token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln" } }),
      { reason: "Error", message: "worker: panic: token=[hidden]" },
    ],
    [
      "a failed pull from a signed address, without the signature",
      "containerStatuses",
      container("worker", {
        waiting: { reason: "ErrImagePull", message: "get https://cdn.example.com/layer?X-Signature=1a2b: 403" },
      }),
      { reason: "ErrImagePull", message: "worker: get https://cdn.example.com/layer?… 403" },
    ],
    [
      "an image that is being pulled",
      "containerStatuses",
      container("worker", { waiting: { reason: "ContainerCreating" } }),
      undefined,
    ],
    ["a finished init container", "initContainerStatuses", container("fetch-assets", { terminated: { exitCode: 0 } }), undefined],
  ])("reads the problem of %s", (_what, list, status, expected) => {
    expect(problem({ [list]: [status] })).toEqual(expected);
  });

  it("reads a failed warm-up from the gate", () => {
    const gate = { type: "avatarpool.dev/warm", status: "False", reason: "WarmupFailed", message: "answered 500" };
    expect(problem({ conditions: [gate] })).toEqual({ reason: "WarmupFailed", message: "answered 500" });
  });

  it("uses the start of the worker container, also beside injected containers", () => {
    const started = (name: string, startedAt: string) => container(name, { running: { startedAt } });
    const { startedAtMs } = pod("a", {
      status: { containerStatuses: [started("injected", "2026-01-01T09:00:00Z"), started("worker", "2026-01-01T08:00:00Z")] },
    });
    expect(startedAtMs).toBe(Date.parse("2026-01-01T08:00:00Z"));
  });

  it("reads our own marks", () => {
    expect(pod("a", { cordonedAtMs: 5_000, released: true })).toMatchObject({ cordonedAtMs: 5_000, released: true });
    expect(pod("a")).toMatchObject({ cordonedAtMs: undefined, released: false, drainRequested: false });
    expect(pod("a", { drainRequested: true })).toMatchObject({ cordonedAtMs: NOW_MS - 60_000, drainRequested: true });
  });

  it("omits an empty object from every decision", () => {
    expect(podView({})).toBeUndefined();
    expect(deploymentView({})).toMatchObject({ pool: "", ownerUid: undefined });
  });

  it.each([
    ["nobody", "nobody"],
    ["a ReplicaSet of another Deployment", "support-gpux-r1"],
    ["a ReplicaSet of another template", "support-gpu-r2"],
  ])("omits a pod with a worker's labels that belongs to %s", (_whom, owner) => {
    expect(podView(podObject("a", { owner }))).toBeUndefined();
  });

  it("returns why and when a pod ended permanently", () => {
    const message = "The node was low on resource: memory.";
    expect(pod("a", { ended: { reason: "Evicted", message, atMs: NOW_MS } }).end).toEqual({
      reason: "Evicted",
      message,
      atMs: NOW_MS,
    });
    const terminated = { exitCode: 137, reason: "Error", message: "killed", finishedAt: "2026-01-01T11:00:00Z" };
    const status = { phase: "Failed", conditions: [], containerStatuses: [container("worker", { terminated })] };
    expect(pod("a", { status }).end).toEqual({ reason: "Error", message: "killed", atMs: Date.UTC(2026, 0, 1, 11) });
    expect(pod("a", { status: { phase: "Succeeded", conditions: [], containerStatuses: [] } }).end).toMatchObject({
      reason: "Succeeded",
    });
    expect(pod("a").end).toBeUndefined();
  });
});

describe("isWarm", () => {
  it("holds from the gate until the worker's process is started again", () => {
    const gateAt = Date.parse("2026-01-01T00:00:00Z");
    expect(isWarm(pod("a"))).toBe(true);
    expect(isWarm(pod("a", { stage: "answering" }))).toBe(false);
    expect(isWarm(pod("a", { startedAtMs: gateAt + 1_000 }))).toBe(false);
  });
});

describe("deploymentView", () => {
  it("names only the controlling owner", () => {
    expect(deployment("gpu").ownerUid).toBe("pool-uid");
    const referenced = deploymentView({ metadata: { ownerReferences: [{ apiVersion: "", kind: "", name: "", uid: "other" }] } });
    expect(referenced.ownerUid).toBeUndefined();
  });
});

describe("poolView", () => {
  it("detects our finalizer", () => {
    expect(pool().hasFinalizer).toBe(true);
    expect(pool({}, { finalizers: ["other/finalizer"] }).hasFinalizer).toBe(false);
  });

  it("has the status and the finalizer of each version of the object", () => {
    const before = pool({}, {}, { sessions: 1 });
    const after = poolView(poolObject({}, { finalizers: [] }, { sessions: 2 }), FINALIZER, before);
    expect(after).toEqual({ ...before, status: { sessions: 2 }, hasFinalizer: false });
  });

  it("rejects an object that is not a pool", () => expect(() => poolView(podObject("a"), "f")).toThrow());
});
