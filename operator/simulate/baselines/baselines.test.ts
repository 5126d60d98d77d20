import { describe, expect, it } from "vitest";
import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { agones } from "./agones.ts";
import { hpa } from "./hpa.ts";
import { KEDA_DEFAULTS, keda } from "./keda.ts";
import { KNATIVE_DEFAULTS, knative } from "./knative.ts";

const shape: FleetShape = { slotsPerWorker: 8, timeToWarmS: 45, min: 0, max: 1_000 };
const single: FleetShape = { ...shape, slotsPerWorker: 1 };

function view(fields: Partial<FleetView>): FleetView {
  const { sessions = 0, workers = 0, warmWorkers = workers } = fields;
  const idle = {
    nowS: 0,
    drainingSessions: 0,
    queued: 0,
    drainingWorkers: 0,
    busyWorkers: 0,
    arrived: 0,
    missed: 0,
    refused: 0,
    started: 0,
  };
  return { ...idle, ...fields, sessions, workers, warmWorkers };
}

/** Calls the policy at every sync between two times, with the fleet of its last decision and all workers warm at once. */
function run(policy: Policy, fromS: number, untilS: number, workers: number, fields: Partial<FleetView>): number {
  let size = workers;
  for (let nowS = fromS; nowS <= untilS; nowS += policy.syncS)
    size = policy.decide(view({ ...fields, nowS, workers: size, warmWorkers: size }));
  return size;
}

describe("HPA", () => {
  it("scales by the ratio of utilisation to target, rounded up", () => {
    // The example of the Kubernetes documentation: 200m for a target of 100m doubles the replicas.
    expect(hpa({ target: 0.4, minReplicas: 1 }, shape).decide(view({ workers: 5, sessions: 32 }))).toBe(10);
    // 50 replicas at 90 % for a target of 75 %: 60 (from the text on tolerance).
    expect(
      hpa({ target: 0.75, minReplicas: 1 }, { ...shape, slotsPerWorker: 10 }).decide(view({ workers: 50, sessions: 450 })),
    ).toBe(60);
  });

  it("does nothing within 10 % of the target", () => {
    expect(hpa({ target: 0.5, minReplicas: 1 }, shape).decide(view({ workers: 10, sessions: 44 }))).toBe(10);
    expect(hpa({ target: 0.5, minReplicas: 1 }, shape).decide(view({ workers: 10, sessions: 45 }))).toBe(12);
  });

  it("treats starting pods as idle if the ready ones require more", () => {
    // Ready: 16 sessions on 2 pods, twice the target. All: 16 sessions on 6 pods, below the target: no change.
    expect(hpa({ target: 0.5, minReplicas: 1 }, shape).decide(view({ workers: 6, warmWorkers: 2, sessions: 16 }))).toBe(6);
    // 16 sessions on 3 pods are 133 % of the target: 4.
    expect(hpa({ target: 0.5, minReplicas: 1 }, shape).decide(view({ workers: 3, warmWorkers: 2, sessions: 16 }))).toBe(4);
  });

  it("grows at most by four pods or to the double in 15 s", () => {
    expect(hpa({ target: 0.1, minReplicas: 1 }, shape).decide(view({ workers: 2, sessions: 16 }))).toBe(6);
    expect(hpa({ target: 0.1, minReplicas: 1 }, shape).decide(view({ workers: 10, sessions: 80 }))).toBe(20);
  });

  it("shrinks only if every recommendation of 300 s was smaller, and then to the largest of them", () => {
    const policy = hpa({ target: 0.5, minReplicas: 1 }, shape);
    expect(policy.decide(view({ nowS: 0, workers: 10, sessions: 40 }))).toBe(10);
    expect(run(policy, 15, 285, 10, { sessions: 20 })).toBe(10);
    expect(policy.decide(view({ nowS: 300, workers: 10, sessions: 20 }))).toBe(5);
  });

  it("makes no decision without ready pods", () => {
    expect(hpa({ target: 0.5, minReplicas: 1 }, shape).decide(view({ workers: 3, warmWorkers: 0, queued: 50 }))).toBe(3);
    expect(hpa({ target: 0.5, minReplicas: 2 }, shape).decide(view({}))).toBe(2);
  });
});

describe("KEDA", () => {
  it("activates on its poll, every 30 s, and leaves the rest to the HPA", () => {
    const policy = keda({ ...KEDA_DEFAULTS, target: 1 }, shape);
    expect(policy.decide(view({ nowS: 15, queued: 30 }))).toBe(0);
    expect(policy.decide(view({ nowS: 30, queued: 30 }))).toBe(1);
    // 30 for 8 a replica: 4.
    expect(policy.decide(view({ nowS: 45, workers: 1, warmWorkers: 0, queued: 30 }))).toBe(4);
  });

  it("scales to zero after the metric has been zero for the cooldown, and never from one to zero by the HPA", () => {
    const policy = keda({ ...KEDA_DEFAULTS, target: 1 }, shape);
    expect(policy.decide(view({ nowS: 0, workers: 1, sessions: 1 }))).toBe(1);
    expect(run(policy, 15, 315, 1, {})).toBe(1);
    expect(policy.decide(view({ nowS: 330, workers: 1 }))).toBe(0);
  });

  it("keeps its minimum", () => {
    expect(keda({ ...KEDA_DEFAULTS, minReplicaCount: 3 }, shape).decide(view({ nowS: 0 }))).toBe(3);
  });
});

describe("Agones", () => {
  it("adds a fixed buffer to the allocated servers", () => {
    const policy = agones({ unit: "servers", buffer: { fixed: 5 }, minReplicas: 0 }, single);
    expect(policy.decide(view({ workers: 10, busyWorkers: 8, sessions: 8 }))).toBe(13);
  });

  it("keeps a percentage of all servers free", () => {
    // The example in the source: 8 of 10 allocated, 30 % free wanted, 12 servers.
    const policy = agones({ unit: "servers", buffer: { percent: 30 }, minReplicas: 0 }, single);
    expect(policy.decide(view({ workers: 10, busyWorkers: 8, sessions: 8 }))).toBe(12);
  });

  it("counts slots with the Counter policy, including those of starting servers", () => {
    const policy = agones({ unit: "slots", buffer: { fixed: 5 }, minReplicas: 0 }, shape);
    expect(policy.decide(view({ workers: 2, sessions: 12 }))).toBe(3);
    expect(policy.decide(view({ workers: 3, warmWorkers: 2, sessions: 12 }))).toBe(3);
    // 36 of 48 free, 5 wanted: three servers are removable (12 slots stay free), a fourth is not.
    expect(policy.decide(view({ workers: 6, sessions: 12 }))).toBe(3);
    expect(policy.decide(view({ workers: 3 }))).toBe(1);
  });

  it("keeps one server with a percentage of zero servers", () => {
    const policy = agones({ unit: "slots", buffer: { percent: 30 }, minReplicas: 0 }, shape);
    expect(policy.decide(view({ workers: 4 }))).toBe(1);
  });
});

describe("Knative", () => {
  const options = { ...KNATIVE_DEFAULTS, utilization: 1 };

  it("scales on the mean concurrency of the stable window", () => {
    const policy = knative(options, shape);
    // 16 in flight for 30 s, then 32 for 30 s: 24 on average, 3 pods. The last six seconds alone require 4, no panic.
    run(policy, 0, 28, 3, { sessions: 16 });
    let pods = 0;
    for (let nowS = 30; nowS <= 58; nowS += 2) pods = policy.decide(view({ nowS, workers: 3, sessions: 32 }));
    expect(pods).toBe(3);
  });

  it("panics at twice the target of its pods, then scales on six seconds, and not down for a minute", () => {
    const policy = knative(options, shape);
    run(policy, 0, 58, 1, { sessions: 8 });
    let pods = 0;
    for (let nowS = 60; nowS <= 64; nowS += 2) pods = policy.decide(view({ nowS, workers: 1, sessions: 8, queued: 24 }));
    expect(pods).toBe(4);
    expect(run(policy, 66, 122, 4, {})).toBe(4);
    expect(run(policy, 124, 130, 4, {})).toBeLessThan(4);
  });

  it("does not panic below twice the target of its pods", () => {
    const podsWith = (queued: number) => {
      const policy = knative(options, shape);
      run(policy, 0, 58, 1, { sessions: 4 });
      return run(policy, 60, 64, 1, { sessions: 4, queued });
    };
    // The mean of a minute stays below one pod's 8.
    expect(podsWith(12)).toBe(2);
    expect(podsWith(4)).toBe(1);
  });

  it("at most halves its ready pods in one tick", () => {
    const policy = knative(options, shape);
    run(policy, 0, 60, 10, { sessions: 0 });
    expect(policy.decide(view({ nowS: 62, workers: 10 }))).toBe(5);
  });

  it("removes the last pod after an empty stable window and 30 s of grace", () => {
    const policy = knative(options, shape);
    run(policy, 0, 0, 1, { sessions: 8 });
    expect(run(policy, 2, 88, 1, {})).toBe(1);
    expect(run(policy, 90, 90, 1, {})).toBe(0);
  });

  it("delays each scale-down by the configured delay, also each halving", () => {
    const policy = knative({ ...options, scaleDownDelayS: 300 }, shape);
    run(policy, 0, 60, 4, { sessions: 32 });
    expect(run(policy, 62, 360, 4, {})).toBe(4);
    expect(run(policy, 362, 480, 4, {})).toBe(2);
  });
});
