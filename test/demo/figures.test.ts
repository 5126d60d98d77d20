import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Call } from "./callers.ts";
import { clientFigures, percentile, pressureToPatchMs } from "./figures.ts";

const served = (path: string, startUpMs: number, more: Partial<Call> = {}): Call => ({
  phase: "steady",
  avatar: "maya",
  sentAtMs: 1_000,
  runningAtMs: 1_000 + startUpMs,
  outcome: { ok: true, tries: [{ status: 200, body: "" }], path },
  ...more,
});

describe("the figures of clients", () => {
  it("separates start-ups by kind", () => {
    const { startUps } = clientFigures([
      served("warm", 4_000),
      served("warm", 6_000, { avatar: "own image" }),
      served("queued", 20_000),
      served("cold", 8_000),
      // It waited in the queue for the first worker.
      served("queued", 40_000, { phase: "first" }),
    ]);
    expect(startUps.warm).toEqual({ count: 1, p50Ms: 4_000, p95Ms: 4_000 });
    expect(startUps["own image"].p50Ms).toBe(6_000);
    expect(startUps.queued).toMatchObject({ count: 1, p50Ms: 20_000 });
    expect(startUps.cold).toEqual({ count: 2, p50Ms: 8_000, p95Ms: 40_000 });
  });

  it("counts every 503 and every other error, even if a later attempt succeeds", () => {
    const status = (code: number) => ({ status: code, body: "" });
    const calls: Call[] = [
      served("warm", 4_000, { outcome: { ok: true, path: "warm", tries: [status(503), status(0), status(200)] } }),
      { phase: "burst", avatar: "leo", sentAtMs: 0, outcome: { ok: false, tries: [status(503), status(404), status(503)] } },
      { phase: "burst", avatar: "leo", sentAtMs: 0 },
    ];
    expect(clientFigures(calls)).toMatchObject({ launches: 3, served: 1, waiting: 1, client503: 3, clientErrors: 2 });
  });
});

it("computes percentiles by nearest rank", () => {
  expect(percentile([], 0.5)).toBeUndefined();
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const value = percentile(values, share) ?? Number.NaN;
      expect(values).toContain(value);
      expect(values.filter((other) => other <= value).length).toBeGreaterThanOrEqual(share * values.length);
      expect(values.filter((other) => other < value).length).toBeLessThan(share * values.length);
    }),
  );
});

it("reads the time from pressure to patch from the operator's log", () => {
  const log = [
    '{"msg":"listening"}',
    '{"msg":"scaled","from":1,"to":3,"pressureToPatchMs":41}',
    "not JSON",
    '{"msg":"scaled","from":3,"to":2}',
  ].join("\n");
  expect(pressureToPatchMs(log)).toEqual([41]);
});
