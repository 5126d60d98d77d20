import type { PoolConfig } from "../../operator/api/pool-config.ts";
import { isDeleting, nodeOf } from "./api-objects.ts";
import { groupOf } from "./cluster.ts";
import type { World } from "./world.ts";

type Preset = PoolConfig["presets"][number];

/** At rest only the warm buffer is kept: as much as is wanted, and no worker that could be missed. @returns what is not so. */
export function wrongAtRest(world: World): readonly string[] {
  const { presets, groups } = world.pool;
  const size = (name: string) => world.replicas(name) ?? 0;
  const wrong = groups
    .filter(({ name, min, max }) => size(name) < min || size(name) > max)
    .map(({ name, min, max }) => `${name} has ${size(name)} replicas, outside ${min}..${max}`);
  // What a forecast or a share asks for is their own tests' affair.
  if (world.pool.warm.slots.kind !== "count" || world.pool.warm.schedule.length > 0) return wrong;
  const free = (preset: Preset, workers: (name: string) => number) =>
    groups
      .filter((group) => group.presets.includes(preset.name))
      .reduce((total, { name, slotsPerWorker }) => total + workers(name) * slotsPerWorker, 0);
  const wanted = (preset: Preset) => wantedOf(world.pool, preset);
  for (const preset of presets) {
    const growable = groups.some((group) => group.presets.includes(preset.name) && size(group.name) < group.max);
    if (free(preset, size) < wanted(preset) && growable && world.hasRoom)
      wrong.push(`${preset.name} has ${free(preset, size)} slots, not ${wanted(preset)}`);
  }
  // Where nodes are short, workers that wait for one are asked for besides those that serve.
  const serving = (name: string) => placed(world, name);
  for (const { name, min, presets: served } of groups) {
    const without = (other: string) => serving(other) - Number(other === name);
    const spare = presets.every((preset) => !served.includes(preset.name) || free(preset, without) >= wanted(preset));
    if (size(name) > min && spare) wrong.push(`${name} keeps ${size(name)} workers, one too many`);
  }
  return wrong;
}

function wantedOf({ warm }: PoolConfig, preset: Preset): number {
  return Math.max(warm.slots.kind === "count" ? warm.slots.slots : 0, preset.warmSlots);
}

/** Workers of a group that have a node. */
function placed(world: World, group: string): number {
  return world.cluster.pods().filter((pod) => groupOf(pod) === group && !isDeleting(pod) && nodeOf(pod) !== undefined).length;
}
