import { describe, expect, it } from "vitest";
import { gpuOnly, pool } from "../../test/support/pools.ts";
import { agones } from "./baselines/agones.ts";
import { type GeneratorName, generate } from "./generate.ts";
import { poolPolicy } from "./pool-policy.ts";
import { replay } from "./replay.ts";

const shape = { slotsPerWorker: 4, timeToWarmS: 45, min: 0, max: 500 };
const options = { shape, countFromS: 600, deadlineS: Number.POSITIVE_INFINITY };

/** The policy of a pool that sets only `objective.launchSuccess`. */
function policyFor(launchSuccess: number) {
  const { config } = pool({ ...gpuOnly, objective: { launchSuccess } });
  return poolPolicy(config, 0)(shape, config.groups[0]!);
}

function share(name: GeneratorName, percent: number, hours: number, ratePerMinute: number, seed: number): number {
  const trace = generate(name, { hours, ratePerMinute, seed, capS: 1_800 });
  const { warm, launches, wouldHaveEnded } = replay(trace, policyFor(percent), options);
  expect(wouldHaveEnded).toBe(0);
  return warm / launches;
}

describe("the AvatarPool policy, on new demand", { timeout: 60_000 }, () => {
  it.each([1, 2])("serves the objective on call-centre days (seed %i)", (seed) => {
    expect(share("call-centre", 99, 48, 3, seed)).toBeGreaterThanOrEqual(0.99);
    expect(share("call-centre", 95, 48, 3, seed)).toBeGreaterThanOrEqual(0.95);
  });

  it.each([1])("serves the objective on bursts (seed %i)", (seed) => {
    expect(share("burst", 99, 48, 4, seed)).toBeGreaterThanOrEqual(0.985);
  });

  it("keeps fewer slots for a lower objective", () => {
    const trace = generate("call-centre", { hours: 36, ratePerMinute: 3, seed: 5, capS: 1_800 });
    const hours = (percent: number) => replay(trace, policyFor(percent), options).workerHours;
    expect(hours(95)).toBeLessThan(hours(99));
    expect(hours(99)).toBeLessThan(hours(99.9));
  });

  it("needs fewer worker-hours than a fixed buffer that serves no more launches warm", () => {
    const trace = generate("call-centre", { hours: 48, ratePerMinute: 3, seed: 8, capS: 1_800 });
    const own = replay(trace, policyFor(99), options);
    const buffers = [4, 6, 8, 10, 12, 16].map((buffer) =>
      replay(trace, agones({ unit: "slots", buffer: { fixed: buffer }, minReplicas: 1 }, shape), options),
    );
    const asGood = buffers.filter(({ warm }) => warm >= own.warm);
    expect(asGood.length).toBeGreaterThan(0);
    expect(own.workerHours).toBeLessThan(Math.min(...asGood.map(({ workerHours }) => workerHours)));
  });
});
