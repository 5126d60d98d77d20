import { describe, expect, it } from "vitest";
import { gpuOnly, NOW_MS, pod, pool, snapshot } from "../../test/support/pools.ts";
import { plan } from "../pool/plan.ts";
import { autoTarget } from "../scaling/auto-target.ts";
import { Forecaster } from "../scaling/forecast/forecaster.ts";
import { decisionDetail } from "./decision-detail.ts";

const shape = { slotsPerWorker: 2, timeToWarmS: 60 };

/** The decision for these sessions, after an hour with launches at this rate. */
function forecastDecision(sessions: number, launchesPerMinute: number) {
  const forecaster = new Forecaster(0.99);
  const view = pool({ ...gpuOnly, warm: { slots: "auto" } });
  const seen = snapshot(view, { pods: [pod("a")], sessions: { a: sessions } });
  let sample = { nowS: 0, arrived: 0, missed: 0, started: 0, sessions, queued: 0, workers: 1, warmWorkers: 1 };
  let forecast = forecaster.next(sample, shape);
  for (let minute = 1; minute <= 60; minute++) {
    const arrived = minute * launchesPerMinute;
    sample = { ...sample, nowS: minute * 60, arrived, started: arrived };
    forecast = forecaster.next(sample, shape);
  }
  const target = autoTarget(forecast, sample, shape, 99);
  const key = plan(seen).demand.sets[0]?.set.key ?? "";
  const [record] = plan({ ...seen, forecast: new Map([[key, target]]) }).records;
  return { detail: decisionDetail(record!), target };
}

describe("decisionDetail", () => {
  it("has the numbers of the calculation, and the calculation for one session less and one more", () => {
    const seen = snapshot(pool({ ...gpuOnly, warm: { slots: 2 } }), { pods: [pod("a")], sessions: { a: 1 } });
    const detail = decisionDetail(plan(seen).records[0]!);
    expect(detail).toMatchObject({
      id: `${NOW_MS}-gpu`,
      ...{ group: "gpu", from: 1, to: 2, outcome: "grew" },
      inputs: { sessions: 1, buffer: 2, slotsPerWorker: 2, min: 0, max: 10 },
      what: { fewer: { to: 1 }, more: { to: 2, arithmetic: "2 sessions + 0 queued + 2 warm = 4 slots / 2 per worker = 2" } },
    });
    expect(detail.forecast).toBeUndefined();
  });

  it("has the curve behind a forecast: it rises to 1, contains the chosen number, and is wider for more launches", () => {
    const { detail, target } = forecastDecision(2, 3);
    const forecast = detail.forecast!;
    const curve = forecast.points.map(({ atMost }) => atMost);
    expect(curve).toEqual(curve.toSorted((a, b) => a - b));
    expect([curve[0]! >= 0, curve.at(-1)! > 0.999]).toEqual([true, true]);
    expect(forecast).toMatchObject({ chosen: target.slots, level: 0.99, timeToWarmMs: 60_000, because: target.because });
    expect(forecast.points.some(({ slots }) => slots === target.slots)).toBe(true);
    expect(forecastDecision(2, 30).detail.forecast!.points.length).toBeGreaterThan(curve.length);
  });

  it("has at most about 200 points, for a very busy pool too", () => {
    expect(forecastDecision(2, 2_000).detail.forecast!.points.length).toBeLessThanOrEqual(202);
  });
});
