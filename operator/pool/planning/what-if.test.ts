import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gpuGroup, NOW_MS, pod, pool, snapshot } from "../../../test/support/pools.ts";
import { autoTarget } from "../../scaling/auto-target.ts";
import { Forecaster } from "../../scaling/forecast/forecaster.ts";
import { plan } from "../plan.ts";
import { withSessions } from "./what-if.ts";

const image = (name: string) => ({ name, image: { url: `https://example.com/${name}.jpg` } });

/** The decision on the group `gpu` with so many sessions and waiting launches. */
function decision(
  change: { readonly sessions?: number; readonly queued?: number; readonly paused?: boolean },
  spec: Parameters<typeof pool>[0] = { warm: { slots: 2 } },
) {
  const { sessions = 0, queued = 0, paused = false } = change;
  const workers = Math.max(1, Math.ceil(sessions / 2));
  const pods = Array.from({ length: workers }, (_, index) => pod(`w${index}`));
  const busy = Object.fromEntries(pods.map(({ name }, index) => [name, Math.max(0, Math.min(2, sessions - 2 * index))]));
  const view = pool({ presets: [image("maya")], workers: [gpuGroup], scaling: { paused }, ...spec });
  const seen = snapshot(view, { pods, sessions: busy, queued: { maya: queued } });
  return plan(seen).records[0]!;
}

describe("withSessions", () => {
  it("repeats the calculation with one session less and one more", () => {
    const record = decision({ sessions: 3 });
    expect(record).toMatchObject({ to: 3, arithmetic: "3 sessions + 0 queued + 2 warm = 5 slots / 2 per worker = 3" });
    expect(withSessions(record, -1)).toEqual({ to: 2, arithmetic: "2 sessions + 0 queued + 2 warm = 4 slots / 2 per worker = 2" });
    expect(withSessions(record, 1)).toEqual({ to: 3, arithmetic: "4 sessions + 0 queued + 2 warm = 6 slots / 2 per worker = 3" });
  });

  it("keeps the warm slots within limits.maxSessions", () => {
    const record = decision({ sessions: 3 }, { warm: { slots: 2 }, limits: { maxSessions: 4 } });
    expect(withSessions(record, 1)?.arithmetic).toContain("4 sessions + 0 queued + 0 warm");
  });

  it("adds warm slots where they are a percentage of all slots", () => {
    const record = decision({ sessions: 8 }, { warm: { slots: "20%" } });
    expect([record.arithmetic, withSessions(record, 1)?.arithmetic].map((text) => /(\d+) warm/.exec(text ?? "")?.[1])).toEqual([
      "2",
      "3",
    ]);
  });

  it("changes nothing if the demand did not decide", () => {
    const record = decision({ sessions: 6, queued: 6, paused: true });
    expect(withSessions(record, 1)?.to).toBe(record.to);
  });

  it("has no session less than none", () => {
    expect(withSessions(decision({}), -1)?.arithmetic).toContain("0 sessions");
  });

  it("is the decision itself without a change, for any demand", () => {
    fc.assert(
      fc.property(fc.nat(15), fc.nat(9), fc.constantFrom(2, "20%", "auto"), (sessions, queued, slots) => {
        const record = decision({ sessions, queued }, { warm: { slots } });
        const same = withSessions(record, 0);
        expect(same?.arithmetic).toBe(record.arithmetic);
        if (record.to >= record.from) expect(same?.to).toBe(record.to);
      }),
    );
  });

  it("never needs fewer workers for more sessions, with a forecast too", () => {
    const view = pool({ presets: [image("maya")], workers: [gpuGroup], warm: { slots: "auto" } });
    const shape = { slotsPerWorker: 2, timeToWarmS: 60 };
    fc.assert(
      fc.property(fc.nat(9), fc.nat(6), (sessions, workers) => {
        const forecaster = new Forecaster(0.99);
        const counts = { arrived: 0, missed: 0, started: 0, queued: 0, warmWorkers: workers };
        const sample = { ...counts, sessions, workers, nowS: NOW_MS / 1_000 };
        const target = autoTarget(forecaster.next(sample, shape), sample, shape, 99);
        const seen = snapshot(view, { pods: [pod("a")], sessions: { a: sessions } });
        const key = plan(seen).demand.sets[0]!.set.key;
        const record = plan({ ...seen, forecast: new Map([[key, target]]) }).records[0]!;
        const sizes = [-1, 0, 1].map((more) => withSessions(record, more)?.to ?? 0);
        expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
      }),
    );
  });
});
