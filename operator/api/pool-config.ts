import { canServe, type Engine, engineOf, type PresetAsset } from "../engines/index.ts";
import { parseDurationMs } from "./duration.ts";
import type { AvatarPool, PresetSpec, WorkerGroupSpec } from "./v1alpha1/index.ts";

/**
 * A pool with every default filled in, names resolved and durations in milliseconds: what all decisions are made from.
 * Made once per change of the object, frozen in spirit: nothing writes to it.
 */
export interface PoolConfig {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly apiSecretRef: { readonly name: string; readonly key: string };
  readonly presets: readonly PresetConfig[];
  /** In the order in which they are filled. */
  readonly groups: readonly GroupConfig[];
  readonly warm: { readonly slots: number; readonly mode: "pipeline" | "session" };
  readonly scaling: { readonly scaleDownAfterMs: number; readonly paused: boolean };
  readonly launch: {
    readonly queueLength: number;
    readonly queueDeadlineMs: number;
    readonly attempts: number;
    readonly allowCustomAvatars: boolean;
  };
  readonly livekit?: {
    readonly url: string;
    readonly apiKeyRef: { readonly name: string; readonly keyKey: string; readonly secretKey: string };
  };
  /** Set when the pool is being deleted. */
  readonly deletedAtMs?: number;
}

export interface PresetConfig {
  readonly name: string;
  readonly asset: PresetAsset;
}

export interface GroupConfig {
  readonly name: string;
  /** Name of its Deployment. */
  readonly deploymentName: string;
  readonly engine: Engine;
  readonly image: string;
  readonly slotsPerWorker: number;
  readonly min: number;
  readonly max: number;
  /** Names of the presets that its workers load, in the order of the pool. */
  readonly presets: readonly string[];
  readonly coldStartMs: number;
  readonly drainTimeoutMs: number;
  /** What the user wrote, for what only the pod template needs. */
  readonly spec: WorkerGroupSpec;
}

/** The key of a pool wherever pools are told apart: `namespace/name`. */
export function poolKey(pool: { readonly namespace: string; readonly name: string }): string {
  return `${pool.namespace}/${pool.name}`;
}

export function deploymentName(pool: string, group: string): string {
  return `${pool}-${group}`;
}

export function resolvePool(pool: AvatarPool): PoolConfig {
  const { metadata, spec } = pool;
  const presets = spec.presets.map((preset) => ({ name: preset.name, asset: assetOf(preset) }));
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    apiSecretRef: spec.apiSecretRef,
    presets,
    groups: spec.workers.map((group) => resolveGroup(metadata.name, group, presets)),
    warm: { slots: spec.warm.slots, mode: spec.warm.warmup.mode },
    scaling: { scaleDownAfterMs: parseDurationMs(spec.scaling.scaleDownAfter), paused: spec.scaling.paused },
    launch: {
      queueLength: spec.launch.queue.length,
      queueDeadlineMs: parseDurationMs(spec.launch.queue.deadline),
      attempts: spec.launch.attempts,
      allowCustomAvatars: spec.launch.allowCustomAvatars,
    },
    ...(spec.livekit === undefined ? {} : { livekit: spec.livekit }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletedAtMs: Date.parse(metadata.deletionTimestamp) }),
  };
}

function resolveGroup(pool: string, spec: WorkerGroupSpec, presets: readonly PresetConfig[]): GroupConfig {
  const engine = engineOf(spec.engine);
  return {
    name: spec.name,
    deploymentName: deploymentName(pool, spec.name),
    engine,
    image: spec.image ?? engine.defaultImage ?? "",
    slotsPerWorker: spec.sessionsPerWorker ?? engine.sessionsPerWorker,
    min: spec.min,
    max: spec.max,
    presets: presets
      .filter(({ name, asset }) => canServe(engine, asset.kind) && (spec.presets?.includes(name) ?? true))
      .map(({ name }) => name),
    coldStartMs: spec.coldStart === undefined ? engine.coldStartMs : parseDurationMs(spec.coldStart),
    drainTimeoutMs: parseDurationMs(spec.drain.timeout),
    spec,
  };
}

function assetOf(preset: PresetSpec): PresetAsset {
  if (preset.image !== undefined) return { kind: "image", ...preset.image };
  if (preset.model !== undefined) return { kind: "model", ...preset.model };
  if (preset.avatarId !== undefined) return { kind: "avatarId", avatarId: preset.avatarId };
  throw new TypeError(`preset ${preset.name} has no asset`);
}

/** Whether a group's workers can serve a preset, or with `undefined`, a face image that is no preset. */
export function groupServes(group: GroupConfig, preset: string | undefined): boolean {
  return preset === undefined ? group.engine.customAvatars : group.presets.includes(preset);
}
