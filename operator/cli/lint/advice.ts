import type { GroupConfig, PoolConfig, PresetConfig } from "../../api/pool-config.ts";
import type { Remark } from "./finding.ts";

/** Advice beyond the schema: valid pools that rarely do what their author wants. */

/** The pool as its author wrote it. */
export interface Written {
  readonly spec?: {
    readonly objective?: unknown;
    readonly warm?: { readonly slots?: unknown };
    readonly presets?: readonly { readonly name?: string }[];
    readonly workers?: readonly { readonly name?: string; readonly image?: string }[];
  };
}

type Rule = (pool: PoolConfig, written: Written) => readonly Remark[];

export const adviceRules: Readonly<Record<string, Rule>> = {
  "model-checksum": ({ presets }, written) =>
    presets.flatMap(({ name, asset }) =>
      asset.kind === "model" && asset.sha256 === undefined
        ? [
            remark(
              `${presetPath(written, name)}.model`,
              `workers of preset ${name} load whatever file is at its URL`,
              "set model.sha256 to the output of sha256sum",
            ),
          ]
        : [],
    ),

  "plain-http": ({ presets }, written) =>
    presets.flatMap(({ name, asset }) =>
      asset.kind !== "avatarId" && asset.url.startsWith("http://") && !(asset.kind === "model" && asset.sha256 !== undefined)
        ? [
            remark(
              `${presetPath(written, name)}.${asset.kind}.url`,
              `anyone on the network path can replace the file of preset ${name}`,
              "use https://",
            ),
          ]
        : [],
    ),

  "image-tag": (_pool, { spec }) =>
    (spec?.workers ?? []).flatMap(({ name = "", image }, index) =>
      image !== undefined && isFloating(image)
        ? [
            remark(
              `spec.workers[${index}].image`,
              `workers of group ${name} may run different versions, because the tag ${tagOf(image) ?? "latest"} moves`,
              "name a version tag or a digest",
            ),
          ]
        : [],
    ),

  "max-below-warm": (pool, written) =>
    pool.presets.flatMap((preset) => {
      const wanted = warmSlotsOf(pool, preset);
      const capacity = groupsOf(pool, preset).reduce((sum, group) => sum + group.max * group.slotsPerWorker, 0);
      return wanted > capacity
        ? [
            remark(
              `${presetPath(written, preset.name)}`,
              `preset ${preset.name} should have ${wanted} warm slots, and its groups have ${capacity} slots at most`,
              "raise max of a group that serves it, or keep fewer slots warm",
            ),
          ]
        : [];
    }),

  "no-warm-slots": (pool) =>
    pool.presets.length > 0 &&
    pool.groups.every(({ min }) => min === 0) &&
    pool.presets.every((preset) => warmSlotsOf(pool, preset) === 0) &&
    pool.warm.slots.kind === "count"
      ? [
          remark(
            "spec.warm.slots",
            `every first launch waits for a cold start, about ${Math.round(Math.max(...pool.groups.map(({ coldStartMs }) => coldStartMs)) / 1_000)} s`,
            "set warm.slots to auto, or min of a group to 1",
          ),
        ]
      : [],

  "deadline-below-cold-start": (pool) =>
    pool.groups
      .filter(({ coldStartMs }) => coldStartMs > pool.launch.queueDeadlineMs)
      .map(({ name, coldStartMs }) =>
        remark(
          "spec.launch.queue.deadline",
          `a launch that needs a new worker of group ${name} fails: a cold start takes about ${Math.round(coldStartMs / 1_000)} s`,
          "raise launch.queue.deadline above the cold start",
        ),
      ),

  "no-objective": (_pool, { spec }) =>
    spec?.objective === undefined
      ? [
          remark(
            "spec",
            "the pool is sized for the default objective, 95% of the starts within 6s",
            "set objective.startup and objective.launchSuccess to what your callers need",
          ),
        ]
      : [],

  "no-cost": ({ groups }) =>
    groups.length > 1 && groups.some(({ costPerHour }) => costPerHour === undefined)
      ? [
          remark(
            "spec.workers",
            "groups of equal priority are filled in the order of the list, and costs are not reported",
            "set costPerHour of every group",
          ),
        ]
      : [],

  "open-launches": ({ launch, groups }) =>
    launch.auth === undefined && takesLaunches(groups)
      ? [
          remark(
            "spec.launch",
            "every client that reaches a gateway may launch, and may end the sessions of others",
            "set launch.auth.secretRef",
          ),
        ]
      : [],

  "any-image-host": ({ launch, groups }) =>
    launch.allowCustomAvatars && launch.imageHosts === undefined && takesLaunches(groups)
      ? [
          remark(
            "spec.launch",
            "workers download every URL that a launch names, also of the cluster's own network",
            "set launch.imageHosts, or launch.allowCustomAvatars: false",
          ),
        ]
      : [],
};

/** @returns one remark for each advice that applies, with the id of its rule. */
export function adviceOn(pool: PoolConfig, written: Written): readonly Remark[] {
  return Object.entries(adviceRules).flatMap(([rule, check]) => check(pool, written).map((found) => ({ ...found, rule })));
}

function remark(path: string, why: string, cure: string): Remark {
  return { rule: "", path, why, cure };
}

/** LiveKit dispatches the sessions of the other groups. */
function takesLaunches(groups: readonly GroupConfig[]): boolean {
  return groups.some(({ engine }) => engine.launches !== undefined);
}

function presetPath({ spec }: Written, name: string): string {
  return `spec.presets[${spec?.presets?.findIndex((preset) => preset.name === name) ?? 0}]`;
}

function groupsOf({ groups }: PoolConfig, { name }: PresetConfig): readonly GroupConfig[] {
  return groups.filter(({ presets }) => presets.includes(name));
}

/** The largest fixed number of warm slots for a preset. */
function warmSlotsOf({ warm }: PoolConfig, { warmSlots }: PresetConfig): number {
  const fixed = warm.slots.kind === "count" ? warm.slots.slots : 0;
  return Math.max(fixed, warmSlots, ...warm.schedule.map(({ slots }) => slots));
}

function tagOf(image: string): string | undefined {
  return /:([^/:@]+)(?:@|$)/.exec(image)?.[1];
}

function isFloating(image: string): boolean {
  if (image.includes("@sha256:")) return false;
  const tag = tagOf(image);
  return tag === undefined || tag === "latest";
}
