import { groupServes, JOBS, type PoolConfig, slotUsesOf } from "../../api/pool-config.ts";
import { scheduledFloor } from "../../scaling/schedule.ts";
import { type ServingSet, servingSets } from "../../scaling/serving-sets.ts";
import { CUSTOM_AVATAR, type SetDemand } from "../../scaling/size.ts";
import { DEFAULT_HOLD_MS, DEFAULT_WARM_SLOTS, warmOf } from "../../scaling/warm-slots.ts";
import { busyOn, type Snapshot } from "../snapshot.ts";
import { type DemandInputs, demandsOn, type SetInputs } from "./demand-inputs.ts";

export interface PoolDemand {
  /** Sets with the fewest groups first. */
  readonly sets: readonly SetDemand[];
  /** What `sets` is computed from. */
  readonly inputs: DemandInputs;
  /** Minimum number of warm slots by preset. A forecast may require more, but only one is guaranteed. */
  readonly floors: ReadonlyMap<string, number>;
  /** When the number from `warm.schedule` next changes. */
  readonly scheduleDueMs: number | undefined;
  /** Invalid entries of `warm.schedule`, with the reason. */
  readonly unreadableSchedule: readonly string[];
}

/** The serving sets of a pool. Custom face images are one of them if the pool accepts them. */
export function servingSetsOf(pool: PoolConfig): readonly ServingSet[] {
  const uses = slotUsesOf(pool);
  const all = pool.launch.allowCustomAvatars ? [...uses, CUSTOM_AVATAR] : uses;
  const groups = pool.groups.map((group) => ({
    name: group.name,
    serves: new Set(all.filter((use) => groupServes(group, use === CUSTOM_AVATAR ? undefined : use))),
  }));
  return servingSets(groups, all);
}

/** The current demand on each serving set. */
export function demandOf(snapshot: Snapshot): PoolDemand {
  const { pool, nowMs, load } = snapshot;
  const sets = servingSetsOf(pool);
  const schedule = scheduledFloor(pool.warm.schedule, nowMs, timeToWarmMs(snapshot, sets));
  const everywhere = Math.max(schedule.slots, pool.warm.slots.kind === "count" ? pool.warm.slots.slots : 0);
  const floors = new Map([
    [JOBS, everywhere],
    ...pool.presets.map(({ name, warmSlots }) => [name, Math.max(everywhere, warmSlots)] as const),
  ]);
  const inputs = sets.map((set): SetInputs => {
    const countIn = (counts: ReadonlyMap<string, number>) =>
      set.presets.reduce((sum, preset) => sum + (counts.get(preset) ?? 0), 0);
    const queued = countIn(load.queued);
    const warm = {
      floor: Math.max(0, ...set.presets.map((preset) => floors.get(preset) ?? 0)),
      // Custom face images have warm slots only if a forecast covers them.
      least: set.presets.some((preset) => preset !== CUSTOM_AVATAR) ? DEFAULT_WARM_SLOTS : 0,
      taken: busyOf(snapshot, set) + queued,
      target: snapshot.forecast.get(set.key),
    };
    return { set, queued, deficit: countIn(load.deficit), warm };
  });
  for (const { set, warm } of inputs)
    for (const preset of set.presets)
      if (warmOf(pool.warm.slots, warm).warm > 0) floors.set(preset, Math.max(floors.get(preset) ?? 0, 1));
  const demand = { slots: pool.warm.slots, room: roomIn(snapshot), sets: inputs };
  return {
    sets: demandsOn(demand),
    inputs: demand,
    floors,
    scheduleDueMs: schedule.nextEdgeMs,
    unreadableSchedule: schedule.unreadable,
  };
}

/** How long superfluous workers of a group stay. */
export function holdMsOf(snapshot: Snapshot, group: string): number {
  const { pool, forecast } = snapshot;
  if (pool.scaling.scaleDownAfterMs !== undefined) return pool.scaling.scaleDownAfterMs;
  const known = servingSetsOf(pool).flatMap(({ key, groups }) => (groups.includes(group) ? (forecast.get(key)?.holdMs ?? []) : []));
  return known.length === 0 ? DEFAULT_HOLD_MS : Math.max(...known);
}

function busyOf({ groups }: Snapshot, set: ServingSet): number {
  return groups.reduce((sum, { config, members }) => sum + (set.groups.includes(config.name) ? busyOn(members) : 0), 0);
}

/** Sessions that `limits.maxSessions` allows beyond the present ones. */
function roomIn({ pool, groups }: Snapshot): number | undefined {
  const { maxSessions } = pool.limits;
  if (maxSessions === undefined) return undefined;
  return Math.max(0, maxSessions - groups.reduce((sum, { members }) => sum + busyOn(members) + members.terminatingBusy, 0));
}

/** The longest time to warm of any set: as observed, else as its group states. */
function timeToWarmMs({ pool, forecast }: Snapshot, sets: readonly ServingSet[]): number {
  const expected = ({ groups }: ServingSet) =>
    Math.max(...pool.groups.filter(({ name }) => groups.includes(name)).map(({ coldStartMs }) => coldStartMs));
  return Math.max(0, ...sets.map((set) => forecast.get(set.key)?.timeToWarmMs ?? expected(set)));
}
