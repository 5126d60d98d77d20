import { type GroupConfig, groupServes, type PoolConfig } from "../api/pool-config.ts";
import { scheduledFloor } from "../scaling/schedule.ts";
import { avatarPoolPolicy } from "./avatarpool-policy.ts";
import type { PolicyOf } from "./comparison.ts";

/**
 * What the operator does for the groups of a pool: `warm`, `objective` and `scaling.scaleDownAfter` as the pool says.
 * @param startMs when the trace begins, since the epoch: `warm.schedule` asks for it.
 */
export function poolPolicy(pool: PoolConfig, startMs: number): PolicyOf {
  const { warm, objective, scaling } = pool;
  return (shape, group) => {
    const presets = presetsFirstOn(pool, group);
    const ownFloor = Math.max(0, ...presets.map(({ warmSlots }) => warmSlots));
    const scheduled = presets.length === 0 ? () => 0 : scheduleAt(pool, startMs, shape.timeToWarmS * 1_000);
    return avatarPoolPolicy({
      objective: objective.launchSuccessPercent / 100,
      shape,
      slots: warm.slots,
      floorAt: (nowS) => Math.max(ownFloor, scheduled(nowS)),
      holdS: scaling.scaleDownAfterMs === undefined ? undefined : scaling.scaleDownAfterMs / 1_000,
    });
  };
}

/** Presets whose first group this is: there their slots are kept. */
function presetsFirstOn({ presets, groups }: PoolConfig, group: GroupConfig) {
  return presets.filter(({ name }) => groups.find((each) => groupServes(each, name))?.name === group.name);
}

/** Looks at the schedule again only when one of its windows begins or ends to count. */
function scheduleAt({ warm }: PoolConfig, startMs: number, leadMs: number): (nowS: number) => number {
  let slots = 0;
  let untilMs = Number.NEGATIVE_INFINITY;
  return (nowS) => {
    const nowMs = startMs + nowS * 1_000;
    if (nowMs >= untilMs) {
      const floor = scheduledFloor(warm.schedule, nowMs, leadMs);
      slots = floor.slots;
      untilMs = floor.nextEdgeMs ?? Number.POSITIVE_INFINITY;
    }
    return slots;
  };
}
