import { type GroupConfig, groupServes, type PoolConfig } from "../api/pool-config.ts";
import { type AvatarPoolOptions, avatarPoolPolicy } from "./avatarpool-policy.ts";
import type { PolicyOf } from "./comparison.ts";
import type { FleetShape } from "./policy.ts";

/**
 * The policy of AvatarPool for the groups of a pool, with the `warm`, `objective` and `scaling` of the pool.
 * @param startMs Unix time of the beginning of the trace: `warm.schedule` depends on it.
 */
export function poolPolicy(pool: PoolConfig, startMs: number): PolicyOf {
  return (shape, group) => avatarPoolPolicy(optionsOf(pool, group, shape, startMs));
}

export function optionsOf(pool: PoolConfig, group: GroupConfig, shape: FleetShape, startMs: number): AvatarPoolOptions {
  const { presets, groups, warm, objective, scaling } = pool;
  // The slots of a preset and of the schedule are kept on the first group that serves the preset.
  const firstHere = presets.filter(({ name }) => groups.find((each) => groupServes(each, name))?.name === group.name);
  return {
    group: group.name,
    shape,
    objectivePercent: objective.launchSuccessPercent,
    slots: warm.slots,
    presetSlots: Math.max(0, ...firstHere.map(({ warmSlots }) => warmSlots)),
    schedule: firstHere.length === 0 ? [] : warm.schedule,
    scaleDownAfterMs: scaling.scaleDownAfterMs,
    maxStep: scaling.maxStep,
    startMs,
  };
}
