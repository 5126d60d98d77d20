import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deployment, gpuOnly, pod, pool, snapshot } from "../../test/support/pools.ts";
import { plan } from "./plan.ts";

const SLOTS = 2;
const MAX = 10;

/** Possible views of ten workers: some hidden, some twice, some deleted long ago, and the size of any earlier time. */
const view = fc.record({
  shown: fc.array(fc.nat(9), { maxLength: 25 }),
  resurrected: fc.nat(5),
  replicas: fc.integer({ min: 0, max: 12 }),
  sessions: fc.nat(15),
  queued: fc.nat(30),
});

describe("a stale or false cache", () => {
  it("never makes the operator request more workers than demand and maximum allow", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(view, { minLength: 1, maxLength: 8 }), (views) => {
        for (const { shown, resurrected, replicas, sessions, queued } of views) {
          const pods = [
            ...shown.map((nth) => pod(`worker-${nth}`)),
            ...Array.from({ length: resurrected }, (_, nth) => pod(`gone-${nth}`)),
          ];
          const busy = Object.fromEntries(pods.slice(0, 1).map(({ name }) => [name, Math.min(sessions, SLOTS)]));
          const seen = snapshot(pool(gpuOnly), {
            pods,
            deployments: [deployment("gpu", { replicas })],
            sessions: busy,
            queued: { maya: queued },
          });
          const group = plan(seen).groups[0]!;
          if (group.kind !== "scale") throw new Error("expected the group to scale");
          // The sessions of a worker shown twice count at most twice. Missing pods never determine the size.
          const demand = pods.length * SLOTS + queued + 1;
          expect(group.replicas).toBeLessThanOrEqual(Math.max(Math.min(replicas, 12), Math.min(MAX, Math.ceil(demand / SLOTS))));
          if (group.replicas > replicas) expect(group.replicas).toBeLessThanOrEqual(MAX);
          // Hidden pods cause no new ones: without demand the size does not grow.
          if (queued === 0 && sessions === 0 && replicas >= 1) expect(group.replicas).toBeLessThanOrEqual(replicas);
        }
      }),
      { numRuns: 300 },
    );
  });
});
