import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type Clock, LONGEST_TIMER_MS, systemClock } from "./clock.ts";

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

describe("systemClock", () => {
  it("returns Unix time, and advances steadily if the wall clock is set back", () => {
    const before = systemClock.now();
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
    vi.useFakeTimers({ toFake: ["Date"], now: before - 3_600_000 });
    const after = systemClock.now() - before;
    expect(after).toBeGreaterThanOrEqual(0);
    expect(after).toBeLessThan(60_000);
  });

  it("sets no timer that Node would fire at once", () => {
    // Not a spy on a fake timer: vitest may restore that one in a later file of the same process.
    const timer = vi.spyOn(globalThis, "setTimeout").mockReturnValue({} as NodeJS.Timeout);
    for (const delayMs of [LONGEST_TIMER_MS + 1, 365 * DAY_MS, -5, Number.POSITIVE_INFINITY])
      systemClock.schedule(delayMs, () => {});
    expect(timer.mock.calls.map(([, delayMs]) => delayMs)).toEqual([LONGEST_TIMER_MS, LONGEST_TIMER_MS, 0]);
    timer.mockRestore();
  });
});

interface Subject {
  readonly clock: Clock;
  readonly advance: (ms: number) => Promise<unknown>;
}

describe.each<[string, () => Subject]>([
  [
    "systemClock",
    () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      return { clock: systemClock, advance: (ms) => vi.advanceTimersByTimeAsync(ms) };
    },
  ],
  [
    "the test clock",
    () => {
      const clock = new FakeClock();
      return { clock, advance: (ms) => clock.advance(ms) };
    },
  ],
])("%s", (_name, subject) => {
  it.each([1, LONGEST_TIMER_MS, LONGEST_TIMER_MS + 1, 200 * DAY_MS])(
    "calls back once after %d ms, and not before",
    async (delayMs) => {
      const { clock, advance } = subject();
      const callback = vi.fn();
      clock.schedule(delayMs, callback);
      await advance(delayMs - 1);
      expect(callback).not.toHaveBeenCalled();
      await advance(1);
      await advance(DAY_MS);
      expect(callback).toHaveBeenCalledOnce();
    },
  );

  it("never calls a cancelled callback, also in the second part of a long wait", async () => {
    const { clock, advance } = subject();
    const callback = vi.fn();
    const timer = clock.schedule(60 * DAY_MS, callback);
    await advance(40 * DAY_MS);
    timer.cancel();
    await advance(40 * DAY_MS);
    expect(callback).not.toHaveBeenCalled();
  });

  it("treats overdue delays as due now and infinite ones as never, and rejects NaN", async () => {
    const { clock, advance } = subject();
    const overdue = vi.fn();
    const never = vi.fn();
    clock.schedule(-1, overdue);
    clock.schedule(Number.POSITIVE_INFINITY, never).cancel();
    clock.schedule(Number.POSITIVE_INFINITY, never);
    await advance(60 * DAY_MS);
    expect(overdue).toHaveBeenCalledOnce();
    expect(never).not.toHaveBeenCalled();
    expect(() => clock.schedule(Number.NaN, never)).toThrow("a delay must be a number of milliseconds");
  });
});
