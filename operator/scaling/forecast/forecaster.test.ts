import { expect, it } from "vitest";
import { seededRandom } from "../../runtime/random.ts";
import { Forecaster } from "./forecaster.ts";

const HOUR_S = 3_600;
const SESSION_S = 85;
/** Retries of a refused client: these launches all arrive within this time, and none finds a slot. */
const REFUSALS_S = 300;

/** Maximum number of wanted free slots in the hours after a quiet hour and then this number of refusals. */
function mostWantedAfter(refusals: number): number {
  const random = seededRandom(1, "calm");
  const forecaster = new Forecaster(0.99);
  const ends: number[] = [];
  let most = 0;
  let arrived = 0;
  let missed = 0;
  let started = 0;
  for (let nowS = 0; nowS < 4 * HOUR_S; nowS += 5) {
    const isRefusing = nowS >= HOUR_S && nowS < HOUR_S + REFUSALS_S;
    const refused = isRefusing ? Math.round((refusals * 5) / REFUSALS_S) : 0;
    const served = random() < (1.4 * 5) / 60 ? 1 : 0;
    arrived += served + refused;
    missed += refused;
    started += served;
    if (served > 0) ends.push(nowS + SESSION_S);
    while (ends[0] !== undefined && ends[0] <= nowS) ends.shift();
    const sample = { nowS, arrived, missed, started, sessions: ends.length, queued: 0, workers: 3, warmWorkers: 3 };
    const { workers } = forecaster.next(sample, { slotsPerWorker: 1, timeToWarmS: 113 });
    if (nowS >= HOUR_S) most = Math.max(most, workers - ends.length);
  }
  return most;
}

it("keeps at most as many slots after a burst of refusals as launches arrived", () => {
  expect(mostWantedAfter(60)).toBeLessThan(75);
  expect(mostWantedAfter(180)).toBeLessThan(100);
});
