import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { StartupWatch } from "./startup.ts";

const answered = (status: string) => ({ status: 200, contentType: "application/json", body: JSON.stringify({ status }) });

/** A worker whose session runs or fails after the given time. */
function setup(runsAfterMs: number, then: "running" | "failed" = "running") {
  const clock = new FakeClock();
  const begunMs = clock.now();
  const looks: number[] = [];
  const get = async () => {
    looks.push(clock.now() - begunMs);
    return answered(clock.now() - begunMs < runsAfterMs ? "pending" : then);
  };
  const watch = new StartupWatch({ clock, client: { get, post: () => Promise.reject(new Error("not asked for")) } });
  const ran = (answer = answered("pending"), needed = false) =>
    watch.ran({ pool: "avatars/support", origin: "http://w", path: "/tasks/t", answer, needed });
  return { clock, begunMs, looks, watch, ran };
}

describe("the start-up of a session", () => {
  it("is measured within 5 %, with few requests", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60_000 }), async (runsAfterMs) => {
        const { clock, begunMs, looks, ran } = setup(runsAfterMs);
        const told = ran();
        await clock.advance(runsAfterMs * 1.2 + 500);
        const tookMs = ((await told) ?? Number.NaN) - begunMs;
        expect(Math.abs(tookMs - runsAfterMs)).toBeLessThanOrEqual(Math.max(126, runsAfterMs * 0.051));
        if (runsAfterMs <= 4_000) expect(looks.length).toBeLessThanOrEqual(16);
      }),
      { numRuns: 50 },
    );
  });

  it("needs no request if the worker's response reports a running session", async () => {
    const { begunMs, looks, ran } = setup(0);
    expect([await ran(answered("running")), looks]).toEqual([begunMs, []]);
  });

  it("has no value if the session never runs", async () => {
    const { clock, ran } = setup(3_000, "failed");
    const told = ran();
    await clock.advance(4_000);
    expect(await told).toBeUndefined();
  });

  it("is measured for a sample of concurrent starts, and for each start that requires it", async () => {
    const { clock, looks, ran } = setup(1_000);
    const sampled = Array.from({ length: 100 }, () => ran());
    const needed = ran(undefined, true);
    await clock.advance(1_500);
    const measured = (await Promise.all(sampled)).filter((ranMs) => ranMs !== undefined);
    expect(measured).toHaveLength(32);
    expect(await needed).toBeDefined();
    expect(looks.length).toBeLessThan(33 * 6);
  });

  it("is not measured beyond two minutes, or after the gateway stops", async () => {
    const { clock, looks, ran, watch } = setup(Number.POSITIVE_INFINITY);
    const told = ran();
    await clock.advance(140_000);
    expect(await told).toBeUndefined();
    looks.length = 0;
    void ran();
    watch.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(looks).toEqual([]);
  });
});
