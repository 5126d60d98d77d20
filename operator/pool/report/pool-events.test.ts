import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deployment, gpuGroup, gpuOnly, NOW_MS, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import { changesOf, plan } from "../plan.ts";
import { EVENT_INTERVAL_MS, type EventContent, PoolEvents } from "./pool-events.ts";

function listener(view = pool(gpuOnly)) {
  const news = new PoolEvents();
  const changes = { planned: 0 };
  const look = (afterMs: number, change: WorldChange): readonly EventContent[] => {
    const seen = snapshot(view, { ...change, nowMs: NOW_MS + afterMs });
    const planned = plan(seen);
    changes.planned += changesOf(planned).length;
    news.add(seen, planned);
    return news.take(seen, planned, conditionsOf(seen, planned));
  };
  const notes = (afterMs: number, change: WorldChange) => look(afterMs, change).map(({ reason, note }) => `${reason}: ${note}`);
  return { news, changes, look, notes };
}

const serving = { pods: [pod("a")] };
const starting = { pods: [pod("a", { stage: "starting" })] };

describe("PoolEvents", () => {
  it("reports the first change at once, and the changes of the next ten seconds together", () => {
    const { news, notes } = listener();
    const asks = (queued: number) => ({ deployments: [], queued: { maya: queued } });
    expect(notes(0, asks(0))).toEqual([expect.stringMatching(/^Scaled: gpu 0 -> 1: /)]);
    expect(news.dueInMs(NOW_MS)).toBe(EVENT_INTERVAL_MS);
    expect(notes(1_000, asks(4))).toEqual([]);
    expect(notes(2_000, asks(8))).toEqual([]);
    expect(news.dueInMs(NOW_MS + 2_000)).toBe(8_000);
    expect(notes(10_000, serving)).toEqual([
      expect.stringMatching(/^Scaled: gpu 0 -> 5 in 2 changes between 0 and 5, latest: 0 sessions \+ 8 queued/),
      expect.stringMatching(/^Ready: /),
    ]);
    expect(notes(20_000, serving)).toEqual([]);
    expect(news.dueInMs(NOW_MS + 20_000)).toBeUndefined();
  });

  it("reports once that a foreign Deployment has the name, also for a new pool", () => {
    const { notes } = listener();
    const taken = { deployments: [deployment("gpu", { owner: "nobody" })] };
    expect(notes(0, taken)).toEqual([expect.stringMatching(/^NameTaken: Deployment avatars\/support-gpu exists/)]);
    expect(notes(20_000, taken)).toEqual([]);
  });

  it("reports delayed changes when the pool is gone", () => {
    const { news, notes } = listener();
    notes(0, { deployments: [] });
    notes(1, { deployments: [] });
    expect(news.rest().map(({ note }) => note)).toEqual([expect.stringMatching(/^gpu 0 -> 1: /)]);
    expect(news.rest()).toEqual([]);
  });

  it("records no event for a condition that returns to its reported state", () => {
    const { notes } = listener();
    notes(0, starting);
    expect(notes(1_000, serving)).toEqual([expect.stringMatching(/^Ready/)]);
    expect(notes(2_000, starting)).toEqual([]);
    expect(notes(3_000, serving)).toEqual([]);
    expect(notes(11_000, serving)).toEqual([]);
    expect(notes(12_000, starting)).toEqual([expect.stringMatching(/^NotReady/)]);
  });

  it("reports the final state of workers that drain and become wanted again", () => {
    const { notes } = listener(pool({ ...gpuOnly, scaling: { scaleDownAfter: "0s" } }));
    const two = [pod("a"), pod("b")];
    expect(notes(0, { pods: two, sessions: { b: 1 } })).toContainEqual(
      expect.stringMatching(/^Draining: cordoned a: no new launches/),
    );
    const cordoned = { pods: [pod("a", { cordonedAtMs: NOW_MS }), pod("b")], unacknowledged: ["a"] };
    const wantedAgain = { ...cordoned, sessions: { b: 2 } };
    expect(notes(1_000, wantedAgain)).toEqual([]);
    expect(notes(10_000, wantedAgain)).toEqual([expect.stringMatching(/^Uncordoned: uncordoned a: demand has returned/)]);
    // The intermediate states were not reported.
    expect(notes(11_000, { ...cordoned, sessions: { b: 1 } })).toEqual([]);
    expect(notes(20_000, { pods: two, sessions: { b: 2 } })).toEqual([]);
  });

  it("records at most one event of a kind in ten seconds, and the reported changes add up", () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 4_000 }),
      workers: fc.integer({ min: 0, max: 6 }),
      queued: fc.nat(12),
      ready: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const { news, changes, look } = listener(pool({ ...gpuOnly, workers: [gpuGroup], scaling: { scaleDownAfter: "0s" } }));
        const lastMs = new Map<string, number>();
        const all: EventContent[] = [];
        let atMs = 0;
        for (const { afterMs, workers, queued, ready } of steps) {
          atMs += afterMs;
          const pods = Array.from({ length: workers }, (_, index) => pod(`w${index}`, { stage: ready ? "warm" : "starting" }));
          const told = look(atMs, { pods, queued: { maya: queued } });
          all.push(...told);
          for (const { reason, note } of told) {
            expect(atMs - (lastMs.get(reason) ?? Number.NEGATIVE_INFINITY), reason).toBeGreaterThanOrEqual(EVENT_INTERVAL_MS);
            lastMs.set(reason, atMs);
            expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
          }
          // A delayed change is reported without another change.
          if (told.length > 0) expect(news.dueInMs(NOW_MS + atMs)).toBeLessThanOrEqual(EVENT_INTERVAL_MS);
        }
        const scaled = [...all, ...news.rest()].filter(({ reason }) => reason === "Scaled");
        const counts = scaled.map(({ note }) => Number(/ in (\d+) changes /.exec(note)?.[1] ?? 1));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(changes.planned);
      }),
    );
  });
});
