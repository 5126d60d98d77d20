import { type GroupConfig, poolKey, type WarmWindow } from "../../operator/api/pool-config.ts";
import { servingSetsOf } from "../../operator/pool/planning/demand.ts";
import type { ServingSet } from "../../operator/scaling/serving-sets.ts";
import { CUSTOM_AVATAR } from "../../operator/scaling/size.ts";
import { isDeleting, nodeOf } from "./api-objects.ts";
import { groupOf } from "./pod-spec.ts";
import type { World } from "./world.ts";

/** Time after an edge of `warm.schedule` until the world matches it, early starts included. */
const EDGE_MS = 120_000;
const MINUTE_MS = 60_000;

/** At rest, the pool has exactly the warm buffer: no slot is missing, and no worker is superfluous. @returns the violations. */
export function wrongAtRest(world: World): readonly string[] {
  const { groups } = world.pool;
  const size = (name: string) => world.replicas(name) ?? 0;
  const wrong = groups
    .filter(({ name, min, max }) => size(name) < min || size(name) > max)
    .map(({ name, min, max }) => `${name} has ${size(name)} replicas, outside ${min}..${max}`);
  const sets = servingSetsOf(world.pool).map((set) => ({ set, ...wantedOf(world, set) }));
  const membersOf = ({ groups: names }: ServingSet) => groups.filter(({ name }) => names.includes(name));
  const slots = (set: ServingSet, workers: (name: string) => number) =>
    membersOf(set).reduce((total, { name, slotsPerWorker }) => total + workers(name) * slotsPerWorker, 0);
  for (const { set, least } of sets) {
    const growable = membersOf(set).some(({ name, max }) => size(name) < max);
    if (slots(set, size) < least && growable && world.hasRoom)
      wrong.push(`${set.presets.join(", ")} have ${slots(set, size)} slots, not ${least}`);
  }
  // If nodes are short, the target also includes workers that wait for a node.
  const serving = (name: string) => placed(world, name);
  for (const group of groups.filter(({ name, min }) => size(name) > min)) {
    const without = (name: string) => serving(name) - Number(name === group.name);
    const served = sets.filter(({ set }) => set.groups.includes(group.name));
    // A later group gets whole workers, so some of their slots may be superfluous.
    const later = groups.slice(groups.indexOf(group) + 1).filter(({ name, min }) => size(name) > min);
    const rounding = (set: ServingSet) =>
      Math.max(0, ...membersOf(set).map((member) => (later.includes(member) ? member.slotsPerWorker - 1 : 0)));
    const lacking = served.filter(({ set, most }) => slots(set, without) < most + rounding(set));
    if (lacking.length === 0) wrong.push(`${group.name} keeps ${size(group.name)} workers, at least one of them superfluous`);
    else if (lacking.every(({ set }) => hasEarlier(world, set, group)) && world.hasRoom)
      wrong.push(`${group.name} keeps ${size(group.name)} workers although an earlier group could grow`);
  }
  return wrong;
}

/** The smallest and largest number of slots that a set must have without a session. */
function wantedOf(world: World, set: ServingSet): { readonly least: number; readonly most: number } {
  const { presets, warm, limits } = world.pool;
  const unasked = set.presets.some((preset) => preset !== CUSTOM_AVATAR) ? 1 : 0;
  const forecast = world.operator?.forecast(poolKey(world.pool))?.get(set.key)?.slots;
  const buffer = { count: 0, share: unasked, auto: forecast ?? unasked }[warm.slots.kind];
  const floors = presets.filter(({ name }) => set.presets.includes(name)).map(({ warmSlots }) => warmSlots);
  const everywhere = warm.slots.kind === "count" ? warm.slots.slots : 0;
  const named = floors.length === 0 ? [] : [everywhere, ...floors];
  const nowMs = world.clock.now();
  const looks = Array.from({ length: 9 }, (_, index) => nowMs - EDGE_MS + (index * EDGE_MS) / 4);
  const scheduled = looks.map((atMs) => (floors.length === 0 ? 0 : scheduledAt(warm.schedule, atMs)));
  const within = (slots: number) => Math.min(slots, limits.maxSessions ?? slots);
  return {
    least: within(Math.max(buffer, ...named, Math.min(...scheduled))),
    most: within(Math.max(buffer, ...named, Math.max(...scheduled))),
  };
}

/** The slots that hourly windows require. */
function scheduledAt(windows: readonly WarmWindow[], atMs: number): number {
  const open = windows.filter(({ cron, timeZone, durationMs }) => {
    const local = atMs + (timeZone === "Asia/Kolkata" ? 30 * MINUTE_MS : 0);
    const sinceMs = (local - Number.parseInt(cron, 10) * MINUTE_MS) % (60 * MINUTE_MS);
    return (sinceMs + 60 * MINUTE_MS) % (60 * MINUTE_MS) < durationMs;
  });
  return Math.max(0, ...open.map(({ slots }) => slots));
}

/** Whether a group that is filled before this one, and serves the set too, may still grow. */
function hasEarlier(world: World, set: ServingSet, group: GroupConfig): boolean {
  const { groups } = world.pool;
  const size = (name: string) => world.replicas(name) ?? 0;
  return groups
    .slice(0, groups.indexOf(group))
    .some(({ name, max }) => set.groups.includes(name) && size(name) < max && placed(world, name) === size(name));
}

/** Workers of a group that have a node. */
function placed(world: World, group: string): number {
  return world.cluster.pods().filter((pod) => groupOf(pod) === group && !isDeleting(pod) && nodeOf(pod) !== undefined).length;
}
