import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { deployment, gpuOnly, NOW_MS, pod, pool, type WorldChange, world } from "../../test/support/pools.ts";
import { RecordingClient } from "../../test/support/recording-client.ts";
import { apply } from "./apply.ts";
import { buildSnapshot, nothingRead } from "./gather/build-snapshot.ts";
import { Memories } from "./memory.ts";
import { changesOf, plan } from "./plan.ts";
import { noVerdicts, VictimVerifier } from "./victim-verification.ts";
import type { PodView } from "./views.ts";

const KEY = "avatars/support";
const quick = pool({ ...gpuOnly, scaling: { scaleDownAfter: "0s" } });
const cordoned = { cordonedAtMs: 1 };

/** Reconciles of one pool, without their reports, over partly busy workers. */
function operator(change: WorldChange, ...busy: readonly string[]) {
  const clock = new FakeClock(NOW_MS);
  const client = new RecordingClient();
  const asked: string[] = [];
  const isEmpty = async ({ name }: PodView) => asked.push(name) > 0 && !busy.includes(name);
  let enqueued = 0;
  const victims = new VictimVerifier({ isEmpty, enqueue: () => enqueued++, clock });
  const memory = new Memories().of(KEY);
  const stores = world(quick.config, change);
  const reconcile = async () => {
    const readings = { ...nothingRead, verdicts: victims.verdicts(KEY) };
    const snapshot = buildSnapshot(stores, quick, readings, memory, clock.now());
    return { snapshot, applied: await apply({ client, victims }, snapshot, plan(snapshot), memory) };
  };
  /** Until no reconcile is requested. */
  const settle = async () => {
    for (;;) {
      enqueued = 0;
      const result = await reconcile();
      await new Promise((resolve) => setImmediate(resolve));
      if (enqueued === 0) return { ...result, plan: result.applied.plan };
    }
  };
  return { asked, clock, client, settle };
}

describe("victim verification", () => {
  it("queries only the workers to remove, and releases the empty ones", async () => {
    const { asked, settle } = operator({ pods: [pod("a"), pod("b", cordoned)] });
    const { snapshot, plan: done } = await settle();
    expect(asked).toEqual(["b"]);
    expect(changesOf(done)).toMatchObject([{ from: 2, to: 1 }]);
    expect(snapshot.dueMs).toBeUndefined();
  });

  it("keeps a worker that reports a session, counts the session, and queries the worker again", async () => {
    const { asked, clock, settle } = operator({ pods: [pod("a"), pod("b", cordoned)] }, "b");
    const { snapshot, plan: done } = await settle();
    expect(changesOf(done)).toEqual([]);
    expect(snapshot.groups[0]!.members.workers).toMatchObject([{ busy: 0 }, { pod: "b", busy: 1 }]);
    expect(snapshot.dueMs).toBe(5_000);
    await clock.advance(5_000);
    await settle();
    expect(asked).toEqual(["b", "b"]);
  });

  it("queries each worker once for any number of plans", async () => {
    const pods = Array.from({ length: 40 }, (_, index) => pod(`w${index}`, index === 0 ? {} : cordoned));
    const { asked, settle } = operator({ pods }, "w3", "w5");
    const { plan: done } = await settle();
    expect(new Set(asked).size).toBe(asked.length);
    expect(changesOf(done)[0]!.reason).not.toMatch(/\bw[35]\b/);
  });

  it("queries workers of groups that the pool no longer has", async () => {
    const old = pod("o", { group: "old", ...cordoned });
    const { settle } = operator({ pods: [old], deployments: [deployment("gpu"), deployment("old")] }, "o");
    expect((await settle()).plan.retire).toMatchObject([{ replicas: 1 }]);
  });

  it("keeps no response of a pool that is deleted while its victims are queried", async () => {
    const response = Promise.withResolvers<boolean>();
    const victims = new VictimVerifier({ isEmpty: () => response.promise, enqueue: () => {}, clock: new FakeClock(NOW_MS) });
    const verified = victims.verify(KEY, "gpu", [pod("a")]);
    victims.forget(KEY);
    response.resolve(false);
    expect(await verified).toBe(false);
    expect(victims.verdicts(KEY)).toEqual(noVerdicts);
  });
});
