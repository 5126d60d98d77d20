import { createHash } from "node:crypto";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import type { WorkerGroupSpec } from "../api/v1alpha1/index.ts";

/** Fields of a group that do not affect its pod template. */
type OutsideTemplate = "name" | "min" | "max" | "priority" | "costPerHour" | "presets" | "dialect" | "coldStart" | "rollout";
type GroupInputs = { readonly [Field in Exclude<keyof WorkerGroupSpec, OutsideTemplate>]: WorkerGroupSpec[Field] };

/**
 * Hash of the user's fields that determine the pod template of a group, without defaults. It is the same in every version of
 * AvatarPool, so an upgrade can keep the template. A field that is added here must be absent unless the user sets it.
 */
export function templateInputs(pool: PoolConfig, group: GroupConfig): string {
  const { spec } = group;
  const presets = pool.presets.filter(({ name, asset }) => group.presets.includes(name) && isInTemplate(pool, asset.kind));
  const inputs: GroupInputs = {
    engine: spec.engine,
    image: spec.image,
    imagePullSecrets: spec.imagePullSecrets,
    sessionsPerWorker: spec.sessionsPerWorker,
    loadThreshold: spec.loadThreshold,
    gpu: spec.gpu,
    resources: spec.resources,
    modelCache: spec.modelCache,
    env: spec.env,
    runtimeClassName: spec.runtimeClassName,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    affinity: spec.affinity,
    topologySpreadConstraints: spec.topologySpreadConstraints,
    priorityClassName: spec.priorityClassName,
    drain: spec.drain,
    helpers: spec.helpers,
    podTemplate: spec.podTemplate,
  };
  const all = {
    apiSecretRef: pool.apiSecretRef,
    presets: presets.map(({ name, asset }) => ({ name, asset })),
    group: inputs,
    livekit: group.engine.jobs === undefined ? undefined : livekitInputs(pool),
  };
  return createHash("sha256").update(canonical(all)).digest("base64url").slice(0, 16);
}

/** The LiveKit server is in the environment of workers to which it dispatches jobs. */
function livekitInputs({ livekit }: PoolConfig): Pick<NonNullable<PoolConfig["livekit"]>, "url" | "apiKeyRef"> | undefined {
  return livekit && { url: livekit.url, apiKeyRef: livekit.apiKeyRef };
}

/** Models are fetched before the worker starts. A warm-up by session loads every preset. */
function isInTemplate({ warm }: PoolConfig, kind: string): boolean {
  return kind === "model" || warm.mode === "session";
}

/** JSON with sorted keys, so the order of fields is irrelevant. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
