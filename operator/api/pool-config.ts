import { canServe, type Dialect, type Engine, engineOf, type PresetAsset } from "../engines/index.ts";
import { type CreditsConfig, creditsConfig, isExceeded } from "./credits-config.ts";
import { parseDurationMs } from "./duration.ts";
import {
  type AvatarPool,
  type AvatarPoolSpec,
  avatarPoolSchema,
  type PoolHead,
  type PresetSpec,
  poolHeadSchema,
  type WorkerGroupSpec,
} from "./v1alpha1/index.ts";

/**
 * A pool with all defaults, resolved names and durations in milliseconds: the input of all decisions. It is computed once per
 * change of the object and never modified.
 */
export interface PoolConfig {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly apiSecretRef: { readonly name: string; readonly key: string };
  readonly presets: readonly PresetConfig[];
  /** In fill order. */
  readonly groups: readonly GroupConfig[];
  readonly warm: {
    readonly slots: WarmSlots;
    readonly schedule: readonly WarmWindow[];
    readonly mode: "pipeline" | "session";
  };
  readonly objective: {
    readonly startup: { readonly targetMs: number; readonly percentile: number };
    readonly launchSuccessPercent: number;
  };
  readonly scaling: {
    /** Undefined: the forecast decides. */
    readonly scaleDownAfterMs: number | undefined;
    /** Undefined: the default, which depends on the group's size. */
    readonly maxStep: number | undefined;
    readonly paused: boolean;
  };
  readonly launch: {
    readonly queueLength: number;
    readonly queueDeadlineMs: number;
    readonly attempts: number;
    readonly allowCustomAvatars: boolean;
    /** Hosts of face images, or `*.` and a domain. Undefined: any host. */
    readonly imageHosts?: readonly string[] | undefined;
    /** Origins of web pages that may launch. `*`: any origin. */
    readonly allowedOrigins?: readonly string[] | undefined;
    readonly auth?: LaunchAuth | undefined;
  };
  readonly limits: { readonly maxSessions?: number | undefined };
  readonly overflow?: OverflowConfig;
  readonly credits?: CreditsConfig;
  readonly livekit?: {
    readonly url: string;
    readonly apiKeyRef: { readonly name: string; readonly keyKey: string; readonly secretKey: string };
    readonly abandonedAfterMs: number;
  };
  readonly networkPolicy: AvatarPoolSpec["networkPolicy"];
  readonly deletedAtMs?: number;
}

/** Launch tokens and the limits of each token. */
export interface LaunchAuth {
  readonly secretRef: { readonly name: string };
  readonly launchesPerMinute?: number | undefined;
  readonly launchesAtOnce?: number | undefined;
}

export interface OverflowConfig {
  readonly url: string;
  readonly maxSessions: number;
  /** How long a launch waits before it may overflow. */
  readonly afterMs: number;
  /** How long a session in the cloud counts if its end is not observed. */
  readonly sessionLengthMs: number;
}

/** Number of free warm slots to keep for every preset. */
export type WarmSlots =
  /** The forecast computes the number. */
  | { readonly kind: "auto" }
  | { readonly kind: "count"; readonly slots: number }
  /** A percentage of all slots, taken and free. */
  | { readonly kind: "share"; readonly percent: number };

/** A recurring time window with a minimum number of warm slots for every preset. */
export interface WarmWindow {
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  readonly timeZone: string;
  readonly durationMs: number;
  readonly slots: number;
}

export interface PresetConfig {
  readonly name: string;
  /** Ids that select the preset in addition to its name: its `avatarId`, then its aliases. */
  readonly ids: readonly string[];
  readonly warmSlots: number;
  readonly asset: PresetAsset;
}

export interface GroupConfig {
  readonly name: string;
  readonly deploymentName: string;
  readonly engine: Engine;
  readonly slotsPerWorker: number;
  readonly min: number;
  readonly max: number;
  /** Undefined if the user sets none; then no group of the pool has a cost. */
  readonly costPerHour: number | undefined;
  /** Names of the presets that the group's workers load, in the pool's order. */
  readonly presets: readonly string[];
  readonly coldStartMs: number;
  /** Format of launches to the group's workers. Undefined: the engine's. */
  readonly dialect: Dialect | undefined;
  /** Load from which on a worker takes no job. Undefined if LiveKit dispatches none to the group's workers. */
  readonly loadThreshold: number | undefined;
  readonly drainTimeoutMs: number;
  /** The group's spec, for fields that only the pod template uses. */
  readonly spec: WorkerGroupSpec;
}

/** The key of a pool: `namespace/name`. */
export function poolKey(pool: { readonly namespace: string; readonly name: string }): string {
  return `${pool.namespace}/${pool.name}`;
}

export function deploymentName(pool: string, group: string): string {
  return `${pool}-${group}`;
}

/**
 * The config of a stored object.
 * @param before the config of an older version: it is kept where it still applies, because most changes of a pool are of its status.
 * @throws ZodError if the object does not match the schema; the API server rejects such objects.
 */
export function poolConfig(raw: object, before?: PoolConfig): PoolConfig {
  return before !== undefined && stillApplies(before, poolHeadSchema.parse(raw))
    ? before
    : resolvePool(avatarPoolSchema.parse(raw));
}

/** Whether a config is also that of a newer version of its object. The generation changes with the spec. */
export function stillApplies({ uid, generation, deletedAtMs, credits }: PoolConfig, { metadata, status }: PoolHead): boolean {
  return (
    uid === metadata.uid &&
    generation === metadata.generation &&
    (deletedAtMs === undefined) === (metadata.deletionTimestamp === undefined) &&
    (credits?.budget?.exceeded ?? isExceeded(status)) === isExceeded(status)
  );
}

export function resolvePool(pool: AvatarPool): PoolConfig {
  const { metadata, spec } = pool;
  const credits = creditsConfig(pool);
  const presets = spec.presets.map((preset) => ({
    name: preset.name,
    ids: idsOf(preset),
    warmSlots: preset.warmSlots,
    asset: assetOf(preset),
  }));
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    apiSecretRef: spec.apiSecretRef,
    presets,
    groups: spec.workers.map((group) => resolveGroup(metadata.name, group, presets)).sort(filledFirst),
    warm: { slots: warmSlots(spec.warm.slots), schedule: spec.warm.schedule.map(warmWindow), mode: spec.warm.warmup.mode },
    objective: {
      startup: {
        targetMs: parseDurationMs(spec.objective.startup.target),
        percentile: spec.objective.startup.percentile,
      },
      launchSuccessPercent: spec.objective.launchSuccess,
    },
    scaling: {
      scaleDownAfterMs: spec.scaling.scaleDownAfter === "auto" ? undefined : parseDurationMs(spec.scaling.scaleDownAfter),
      maxStep: spec.scaling.maxStep,
      paused: spec.scaling.paused,
    },
    launch: {
      queueLength: spec.launch.queue.length,
      queueDeadlineMs: parseDurationMs(spec.launch.queue.deadline),
      attempts: spec.launch.attempts,
      allowCustomAvatars: spec.launch.allowCustomAvatars,
      imageHosts: spec.launch.imageHosts,
      allowedOrigins: spec.launch.allowedOrigins,
      auth: spec.launch.auth,
    },
    limits: spec.limits,
    networkPolicy: spec.networkPolicy,
    ...(spec.overflow === undefined ? {} : { overflow: overflow(spec.overflow) }),
    ...(credits === undefined ? {} : { credits }),
    ...(spec.livekit === undefined ? {} : { livekit: livekit(spec.livekit) }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletedAtMs: Date.parse(metadata.deletionTimestamp) }),
  };
}

function resolveGroup(pool: string, spec: WorkerGroupSpec, presets: readonly PresetConfig[]): GroupConfig {
  const engine = engineOf(spec.engine);
  return {
    name: spec.name,
    deploymentName: deploymentName(pool, spec.name),
    engine,
    slotsPerWorker: spec.sessionsPerWorker ?? engine.sessionsPerWorker,
    min: spec.min,
    max: spec.max,
    costPerHour: spec.costPerHour,
    presets: presets
      .filter(({ name, asset }) => canServe(engine, asset.kind) && (spec.presets?.includes(name) ?? true))
      .map(({ name }) => name),
    dialect: spec.dialect,
    loadThreshold: spec.loadThreshold ?? engine.jobs?.loadThreshold,
    coldStartMs: spec.coldStart === undefined ? engine.coldStartMs : parseDurationMs(spec.coldStart),
    drainTimeoutMs: parseDurationMs(spec.drain.timeout),
    spec,
  };
}

function overflow({ url, maxSessions, after, sessionLength }: NonNullable<AvatarPool["spec"]["overflow"]>): OverflowConfig {
  return { url, maxSessions, afterMs: parseDurationMs(after), sessionLengthMs: parseDurationMs(sessionLength) };
}

function livekit({ url, apiKeyRef, abandonedAfter }: NonNullable<AvatarPool["spec"]["livekit"]>) {
  return { url, apiKeyRef, abandonedAfterMs: parseDurationMs(abandonedAfter) };
}

/** Higher priority first, then the cheaper slot. The sort is stable, so that equal groups keep the user's order. */
function filledFirst(a: GroupConfig, b: GroupConfig): number {
  return b.spec.priority - a.spec.priority || costPerSlot(a) - costPerSlot(b);
}

function costPerSlot({ costPerHour = 0, slotsPerWorker }: GroupConfig): number {
  return costPerHour / slotsPerWorker;
}

/** @throws RangeError if the API server would reject the value. */
function warmSlots(slots: number | string): WarmSlots {
  if (slots === "auto") return { kind: "auto" };
  if (typeof slots === "number") return { kind: "count", slots };
  const percent = Number(/^([1-9][0-9]?)%$/.exec(slots)?.[1]);
  if (Number.isNaN(percent)) throw new RangeError(`warm.slots "${slots}" is not auto, a number, or a percentage from 1% to 99%`);
  return { kind: "share", percent };
}

function warmWindow({ cron, timeZone, duration, slots }: AvatarPool["spec"]["warm"]["schedule"][number]): WarmWindow {
  return { cron, timeZone, durationMs: parseDurationMs(duration), slots };
}

function assetOf(preset: PresetSpec): PresetAsset {
  if (preset.image !== undefined) return { kind: "image", ...preset.image };
  if (preset.model !== undefined) return { kind: "model", ...preset.model };
  if (preset.avatarId !== undefined) return { kind: "avatarId", avatarId: preset.avatarId };
  throw new TypeError(`preset ${preset.name} has no asset`);
}

function idsOf({ avatarId, aliases = [] }: PresetSpec): readonly string[] {
  return avatarId === undefined ? aliases : [avatarId, ...aliases];
}

/** The preset with this name, or else with this `avatarId` or alias. All three are unique in a pool. */
export function findPreset(pool: PoolConfig, id: string): PresetConfig | undefined {
  return pool.presets.find(({ name }) => name === id) ?? pool.presets.find(({ ids }) => ids.includes(id));
}

/** Stands for the jobs that LiveKit dispatches where demand is counted by preset. No preset has such a name. */
export const JOBS = "LiveKit jobs";

/** What needs warm slots: every preset, and jobs if LiveKit dispatches them to the workers of a group. */
export function slotUsesOf({ presets, groups }: PoolConfig): readonly string[] {
  const jobs = groups.some(({ engine }) => engine.jobs !== undefined);
  return [...presets.map(({ name }) => name), ...(jobs ? [JOBS] : [])];
}

/** Whether a group's workers can serve a preset or `JOBS`, or, for `undefined`, a custom face image. */
export function groupServes(group: GroupConfig, preset: string | undefined): boolean {
  if (preset === JOBS) return group.engine.jobs !== undefined;
  return preset === undefined ? group.engine.customAvatars : group.presets.includes(preset);
}
