import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deployment, gpuGroup, gpuOnly, NOW_MS, type PodStage, pod, pool, snapshot } from "../../test/support/pools.ts";
import { Memories } from "./memory.ts";
import { plan } from "./plan.ts";
import type { PodView } from "./views.ts";

/** A view that lags, lacks pods or shows deleted pods must not make the operator request ever more workers. */

const MAX = 30;
const MAX_STEP = 7;

const view = pool({
  ...gpuOnly,
  workers: [{ ...gpuGroup, max: MAX }],
  warm: { slots: 1 },
  scaling: { scaleDownAfter: "0s", maxStep: MAX_STEP },
});

const stages = fc.constantFrom<PodStage>("unscheduled", "pending", "starting", "answering", "warm");

/** Any set of pods, independent of the Deployment. Some of them terminate. */
const anyPods = fc
  .array(fc.record({ stage: stages, deleting: fc.boolean(), ageMs: fc.nat(600_000), sessions: fc.nat(2) }), { maxLength: 60 })
  .map((list) => ({
    pods: list.map(({ stage, deleting, ageMs }, index) => pod(`w${index}`, { stage, deleting, createdAtMs: NOW_MS - ageMs })),
    sessions: Object.fromEntries(list.map(({ sessions }, index) => [`w${index}`, sessions])),
  }));

function replicasOf(planned: ReturnType<typeof plan>): number {
  const [group] = planned.groups;
  if (group?.kind !== "scale") throw new Error("expected the group to scale");
  return group.replicas;
}

describe("a plan for a false view", () => {
  it("requests at most max workers, and at most one step at once", () => {
    const shortages = fc.option(
      fc.record({ allowance: fc.integer({ min: 1, max: 8 }), changedAtMs: fc.constant(NOW_MS - 70_000) }),
    );
    fc.assert(
      fc.property(anyPods, fc.nat(80), fc.nat(500), fc.nat(200), shortages, (shown, replicas, queued, worker503, shortage) => {
        const memory = new Memories().of("p");
        if (shortage !== null) memory.nodeShortages.set("gpu", shortage);
        const deployments = [deployment("gpu", { replicas })];
        const asked = replicasOf(
          plan(snapshot(view, { ...shown, deployments, queued: { maya: queued }, worker503: { maya: worker503 }, memory })),
        );
        expect(asked).toBeLessThanOrEqual(Math.max(MAX, replicas));
        expect(asked - replicas).toBeLessThanOrEqual(MAX_STEP);
      }),
    );
  });

  it("removes no worker while gateways reach workers that the view does not show", () => {
    fc.assert(
      fc.property(anyPods, fc.nat(MAX), fc.integer({ min: 1, max: 30 }), (shown, replicas, unseenWorkers) => {
        const deployments = [deployment("gpu", { replicas })];
        const planned = plan({ ...snapshot(view, { ...shown, deployments }), unseenWorkers });
        expect(replicasOf(planned)).toBeGreaterThanOrEqual(replicas);
        expect(planned.groups[0]).toMatchObject({ step: { cordon: [], release: [], unfilled: 0 } });
      }),
    );
  });
});

/** The pods (by index) that each view omits, and the deleted pods that it still shows. */
const looks = fc.array(fc.record({ missing: fc.array(fc.nat(40), { maxLength: 40 }), ghosts: fc.nat(5), followed: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
});

describe("repeated plans on false views", () => {
  it("create as many workers as are wanted, and no more", () => {
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: 100 }), (sequence, queued) => {
        const wanted = Math.min(MAX, Math.ceil((queued + 1) / 2));
        const memory = new Memories().of("p");
        let replicas = 0;
        let created = 0;
        const alive: PodView[] = [];
        for (const { missing, ghosts, followed } of sequence) {
          const seen = alive.filter((_, index) => !missing.includes(index));
          const gone = Array.from({ length: ghosts }, (_, index) => pod(`gone${index}`, { deleting: true }));
          const change = {
            pods: [...seen, ...gone],
            deployments: [deployment("gpu", { replicas })],
            queued: { maya: queued },
            memory,
          };
          const asked = replicasOf(plan(snapshot(view, change)));
          expect(asked).toBeGreaterThanOrEqual(replicas);
          expect(asked).toBeLessThanOrEqual(wanted);
          replicas = asked;
          if (!followed) continue;
          while (alive.length < replicas) alive.push(pod(`w${created++}`, { stage: "pending" }));
        }
        expect(created).toBeLessThanOrEqual(wanted);
      }),
    );
  });

  it("reach the wanted size after the view is correct again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (queued) => {
        const wanted = Math.min(MAX, Math.ceil((queued + 1) / 2));
        let replicas = 0;
        for (let round = 0; round <= Math.ceil(MAX / MAX_STEP); round++) {
          const pods = Array.from({ length: replicas }, (_, index) => pod(`w${index}`, { stage: "pending" }));
          replicas = replicasOf(
            plan(snapshot(view, { pods, deployments: [deployment("gpu", { replicas })], queued: { maya: queued } })),
          );
        }
        expect(replicas).toBe(wanted);
      }),
    );
  });
});
