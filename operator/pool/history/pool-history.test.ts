import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOW_MS } from "../../../test/support/pools.ts";
import { PoolHistory } from "./pool-history.ts";
import type { Counters, Levels } from "./sample.ts";

const levels = (sessions: number): Levels => ({ sessions, slots: 8, warmSlots: 2, warmWanted: 1, replicas: 4, queued: 0 });
const totals = (launches: number): Counters => ({ launches, worker503: 0, refused: 0, waited: 0 });
const START_MS = Math.floor(NOW_MS / 60_000) * 60_000;
const HOUR_MS = 3_600_000;

/** Notes at increasing times after the start. */
const notes = fc
  .array(
    fc.record({ afterMs: fc.integer({ min: 1, max: 40_000 }), sessions: fc.nat(9), launches: fc.nat(5), startupMs: fc.nat(9_000) }),
    { minLength: 1, maxLength: 20 },
  )
  .map((steps) => {
    let atMs = START_MS;
    let launches = 0;
    return steps.map((step) => {
      atMs += step.afterMs;
      launches += step.launches;
      return { atMs, sessions: step.sessions, launches, startupMs: step.startupMs };
    });
  });
type Note = { readonly atMs: number; readonly sessions: number; readonly launches: number; readonly startupMs: number };

function historyOf(made: readonly Note[], pools = 0) {
  const history = new PoolHistory(pools);
  for (const { atMs, sessions, launches, startupMs } of made)
    history.note(atMs, { levels: levels(sessions), totals: totals(launches), startupsMs: startupMs === 0 ? [] : [startupMs] });
  const nowMs = made.at(-1)!.atMs + 60_000;
  const read = (fromMs: number) => history.between(fromMs, nowMs, nowMs);
  return { history, nowMs, fine: read(nowMs - 900_000), coarse: read(nowMs - 6 * HOUR_MS) };
}

describe("PoolHistory", () => {
  it("has a sample of each 5 s, with the largest level and the launches since the previous sample", () => {
    const { fine } = historyOf([
      { atMs: START_MS, sessions: 1, launches: 10, startupMs: 0 },
      { atMs: START_MS + 1_000, sessions: 3, launches: 12, startupMs: 4_000 },
      { atMs: START_MS + 12_000, sessions: 2, launches: 13, startupMs: 0 },
    ]);
    expect(fine.samples.slice(0, 4)).toMatchObject([
      { atMs: START_MS, sessions: 3, launches: 2, startupP95Ms: 4_000 },
      { atMs: START_MS + 5_000, sessions: 3, launches: 0 },
      { atMs: START_MS + 10_000, sessions: 3, launches: 1 },
      { atMs: START_MS + 15_000, sessions: 2, launches: 0 },
    ]);
  });

  it("keeps 15 minutes of 5 s and 6 hours of minutes", () => {
    const history = new PoolHistory();
    for (let at = 0; at < 7 * HOUR_MS; at += 4_000)
      history.note(START_MS + at, { levels: levels(1), totals: totals(at / 4_000), startupsMs: [] });
    const nowMs = START_MS + 7 * HOUR_MS;
    const [fine, coarse] = [nowMs - 900_000, START_MS].map((fromMs) => history.between(fromMs, nowMs, nowMs));
    expect([fine?.stepMs, fine?.samples.length, coarse?.stepMs, coarse?.samples.length]).toEqual([5_000, 180, 60_000, 360]);
    expect(coarse?.samples.slice(1, -1).every(({ launches }) => launches === 15)).toBe(true);
  });

  it("takes 24 kB for a pool, and 4 kB for one beyond 500 pools, which has a sample of each 5 minutes", () => {
    const { history, coarse } = historyOf([{ atMs: START_MS, sessions: 1, launches: 0, startupMs: 0 }], 500);
    expect(coarse.stepMs).toBe(300_000);
    expect([new PoolHistory().bytes, history.bytes].map((bytes) => Math.ceil(bytes / 1_000))).toEqual([24, 4]);
  });

  it("has samples without a gap that add up to all launches, for any notes", () => {
    fc.assert(
      fc.property(notes, (made) => {
        for (const { stepMs, samples } of [historyOf(made).fine, historyOf(made).coarse]) {
          expect(samples.every(({ atMs }, index) => atMs === samples[0]!.atMs + index * stepMs)).toBe(true);
          const counted = samples.reduce((sum, { launches }) => sum + launches, 0);
          expect(counted).toBe(made.at(-1)!.launches - made[0]!.launches);
        }
      }),
    );
  });

  it("has in each step the largest number of sessions, that at the start of the step included, for any notes", () => {
    fc.assert(
      fc.property(notes, (made) => {
        for (const { stepMs, samples } of [historyOf(made).fine, historyOf(made).coarse])
          for (const { atMs, sessions } of samples) {
            const within = made.filter((note) => note.atMs >= atMs && note.atMs < atMs + stepMs);
            const before = made.findLast((note) => note.atMs < atMs);
            expect(sessions).toBe(Math.max(...[before ?? [], ...within].flat().map((note) => note.sessions)));
          }
      }),
    );
  });

  it("merges the fine samples of each minute into its coarse sample, for any notes", () => {
    fc.assert(
      fc.property(notes, (made) => {
        const { fine, coarse } = historyOf(made);
        for (const minute of coarse.samples) {
          const own = fine.samples.filter(({ atMs }) => atMs >= minute.atMs && atMs < minute.atMs + 60_000);
          expect(minute.sessions).toBe(Math.max(...own.map(({ sessions }) => sessions)));
          expect(minute.launches).toBe(own.reduce((sum, { launches }) => sum + launches, 0));
          expect(minute.startupP95Ms ?? 0).toBe(Math.max(...own.map(({ startupP95Ms = 0 }) => startupP95Ms)));
        }
      }),
    );
  });
});
