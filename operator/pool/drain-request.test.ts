import { describe, expect, it } from "vitest";
import { gpuGroup, gpuOnly, pod, pool, snapshot, type WorldChange } from "../../test/support/pools.ts";
import { plan } from "./plan.ts";

const gpu = (change: WorldChange, spec: Parameters<typeof pool>[0] = gpuOnly) => {
  const planned = plan(snapshot(pool(spec), change));
  const group = planned.groups[0];
  if (group?.kind !== "scale") throw new Error("expected the group to scale");
  return { replicas: group.replicas, step: group.step, reason: planned.records[0]?.reason };
};
const names = (workers: readonly { readonly pod: string }[]) => workers.map((worker) => worker.pod);
const drained = pod("a", { drainRequested: true });

describe("a worker that a user drains", () => {
  it("is replaced while its sessions continue, and stays cordoned", () => {
    const { replicas, step, reason } = gpu({ pods: [drained, pod("b")], sessions: { a: 2, b: 1 } });
    expect(replicas).toBe(2);
    expect(gpu({ pods: [drained], sessions: { a: 2 } }).replicas).toBe(2);
    expect(reason).toMatch(/^unchanged: 1 sessions .* plus 1 to replace drained workers$/);
    expect(step).toMatchObject({ uncordon: [], release: [], replace: [] });
  });

  it("is removed once it is idle, and its replacement stays", () => {
    const { replicas, step } = gpu({ pods: [drained, pod("b")], sessions: { b: 1 } });
    expect([replicas, names(step.release), names(step.replace)]).toEqual([1, ["a"], []]);
  });

  it("is deleted and replaced if the group has no worker too many: at max, while paused, and during growth", () => {
    const full = { ...gpuOnly, workers: [{ ...gpuGroup, min: 2, max: 2 }] };
    const atMax = gpu({ pods: [drained, pod("b")] }, full);
    expect([atMax.replicas, names(atMax.step.replace), atMax.step.lowerBy]).toEqual([2, ["a"], 0]);
    const paused = gpu({ pods: [drained, pod("b")] }, { ...gpuOnly, scaling: { paused: true } });
    expect([paused.replicas, names(paused.step.replace)]).toEqual([2, ["a"]]);
    const growing = gpu({ pods: [drained, pod("b")], sessions: { b: 2 }, queued: { maya: 4 } });
    expect(growing.replicas).toBeGreaterThan(2);
    expect(names(growing.step.replace)).toEqual(["a"]);
  });

  it("stays while a gateway has not acknowledged the cordon, and while no gateway is connected", () => {
    const unacknowledged = gpu({ pods: [drained, pod("b")], unacknowledged: ["a"] });
    expect([unacknowledged.replicas, unacknowledged.step.replace]).toEqual([2, []]);
    const alone = gpu({ pods: [drained, pod("b")], gateways: 0 });
    expect([alone.replicas, alone.step.replace, alone.step.release]).toEqual([2, [], []]);
  });
});
