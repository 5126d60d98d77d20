import { createHash } from "node:crypto";
import type { V1Container, V1EnvVar, V1PodSpec, V1PodTemplateSpec, V1Probe } from "@kubernetes/client-node";
import { annotations, WARM_GATE, WORKER_CONTAINER } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { gpuClaims, gpuResource, gpuTolerations } from "./gpu.ts";
import { workerLabels } from "./group-labels.ts";
import { marksMetadata, templateMarks } from "./marks.ts";
import { overlaid } from "./overlay.ts";
import { requirements } from "./resource-requirements.ts";
import { assetsContainer, drainContainer, drainHook } from "./sidecar.ts";
import { volumeMounts, volumes } from "./volumes.ts";

/** Time for the worker's own clean-up, between the end of the drain and the kill. */
const CLEANUP_SECONDS = 30;

/** The pod template of a group, as this version renders it. */
export function podTemplate(pool: PoolConfig, group: GroupConfig, sidecarImage: string): V1PodTemplateSpec {
  const marks = marksMetadata(templateMarks);
  const overlay = group.spec.podTemplate ?? {};
  // These come last: the CRD rejects an overlay that sets them.
  const allLabels = { ...overlay.metadata?.labels, ...workerLabels(pool, group), ...marks.labels };
  const allAnnotations = { ...overlay.metadata?.annotations, ...marks.annotations };
  const spec = overlaid(podSpec(pool, group, sidecarImage), overlay.spec ?? {});
  const template = hashOf([allLabels, allAnnotations, spec, loadedPresets(pool, group)]);
  return { metadata: { labels: allLabels, annotations: { ...allAnnotations, [annotations.template]: template } }, spec };
}

function hashOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);
}

/** Presets that a warm-up by session loads. Only a new worker loads them, so a change of these presets needs new workers. */
function loadedPresets({ presets, warm }: PoolConfig, group: GroupConfig): readonly unknown[] {
  if (warm.mode !== "session") return [];
  return presets.filter(({ name }) => group.presets.includes(name)).map(({ name, asset }) => ({ name, asset }));
}

function podSpec(pool: PoolConfig, group: GroupConfig, sidecarImage: string): V1PodSpec {
  const { spec } = group;
  const assets = assetsContainer(pool, group, sidecarImage);
  return {
    initContainers: [
      ...(assets === undefined ? [] : [assets]),
      ...(group.engine.drainedBy === "hook" ? [drainContainer(pool, group, sidecarImage)] : []),
    ],
    containers: [workerContainer(pool, group, sidecarImage)],
    volumes: volumes(group),
    // The operator sets the gate when the presets are loaded. So a rollout waits for warm workers, and cold ones are deleted first.
    readinessGates: [{ conditionType: WARM_GATE }],
    terminationGracePeriodSeconds: Math.ceil(group.drainTimeoutMs / 1_000) + CLEANUP_SECONDS,
    // The worker needs an init process that reaps child processes. With a shared namespace, the pause container does this.
    shareProcessNamespace: true,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [...gpuTolerations(group), ...(spec.tolerations ?? []).map((toleration) => defined(toleration))],
    ...gpuClaims(group).pod,
    ...defined({
      imagePullSecrets: spec.imagePullSecrets,
      nodeSelector: spec.nodeSelector,
      affinity: spec.affinity,
      topologySpreadConstraints: spec.topologySpreadConstraints as V1PodSpec["topologySpreadConstraints"],
      priorityClassName: spec.priorityClassName,
      runtimeClassName: spec.runtimeClassName,
    }),
  };
}

function workerContainer(pool: PoolConfig, group: GroupConfig, sidecarImage: string): V1Container {
  const { engine } = group;
  return {
    name: WORKER_CONTAINER,
    image: workerImage(group, sidecarImage),
    ports: [{ name: "http", containerPort: engine.port, protocol: "TCP" }],
    env: environment(pool, group),
    resources: resources(group),
    volumeMounts: volumeMounts(group),
    startupProbe: probe(
      engine.paths.ready,
      engine.startup.periodSeconds,
      Math.ceil(engine.startup.limitSeconds / engine.startup.periodSeconds),
    ),
    // The health path, not the ready path: a full worker is not "ready", and a ReplicaSet deletes pods that are not Ready first.
    readinessProbe: probe(engine.paths.health, 5, 3),
    // No liveness probe: a restart would end all sessions of the worker. Gateways stop using a worker that hangs.
    ...(engine.drainedBy === "hook" ? { lifecycle: { preStop: drainHook(pool, group) } } : {}),
  };
}

/** An image of this repository is pulled from where the sidecar's image is: a cluster with a mirror names it once. */
function workerImage({ spec, engine }: GroupConfig, sidecarImage: string): string {
  if (spec.image !== undefined) return spec.image;
  const image = engine.defaultImage ?? "";
  return image.includes("/") ? image : sidecarImage.slice(0, sidecarImage.lastIndexOf("/") + 1) + image;
}

function probe(path: string, periodSeconds: number, failureThreshold: number): V1Probe {
  return { httpGet: { path, port: "http", scheme: "HTTP" }, periodSeconds, failureThreshold, timeoutSeconds: 2 };
}

function environment(pool: PoolConfig, group: GroupConfig): V1EnvVar[] {
  const { engine, spec } = group;
  const fixed = {
    ...engine.env,
    ...(engine.sessionsEnv === undefined ? {} : { [engine.sessionsEnv]: String(group.slotsPerWorker) }),
    ...(engine.drainEnv === undefined ? {} : { [engine.drainEnv]: String(Math.ceil(group.drainTimeoutMs / 1_000)) }),
  };
  const own = spec.env ?? [];
  return [
    { name: engine.secretEnv, valueFrom: { secretKeyRef: { name: pool.apiSecretRef.name, key: pool.apiSecretRef.key } } },
    ...[...Object.entries(fixed).map(([name, value]) => ({ name, value })), ...jobVariables(pool, group)].filter(
      ({ name }) => !own.some((variable) => variable.name === name),
    ),
    ...own.map(({ name, value, valueFrom }): V1EnvVar => {
      if (valueFrom?.secretKeyRef !== undefined) return { name, valueFrom: { secretKeyRef: valueFrom.secretKeyRef } };
      if (valueFrom?.configMapKeyRef !== undefined) return { name, valueFrom: { configMapKeyRef: valueFrom.configMapKeyRef } };
      return { name, value: value ?? "" };
    }),
  ];
}

/** The settings of a worker to which LiveKit dispatches jobs, and the LiveKit server of the pool. */
function jobVariables({ livekit }: PoolConfig, { engine, loadThreshold }: GroupConfig): V1EnvVar[] {
  if (engine.jobs === undefined) return [];
  const { env } = engine.jobs;
  const secret = (name: string, key: string): V1EnvVar => ({
    name,
    valueFrom: { secretKeyRef: { name: livekit?.apiKeyRef.name ?? "", key } },
  });
  return [
    { name: env.loadThreshold, value: String(loadThreshold) },
    ...(livekit === undefined
      ? []
      : [
          { name: env.livekitUrl, value: livekit.url },
          secret(env.livekitKey, livekit.apiKeyRef.keyKey),
          secret(env.livekitSecret, livekit.apiKeyRef.secretKey),
        ]),
  ];
}

function resources(group: GroupConfig): NonNullable<V1Container["resources"]> {
  const { engine, spec } = group;
  const gpu = gpuResource(group);
  const { requests, limits } = requirements(engine.resources, spec.resources);
  // Extended resources cannot be overcommitted: the request must equal the limit.
  return { requests: { ...requests, ...gpu }, limits: { ...limits, ...gpu }, ...gpuClaims(group).container };
}

/** Removes keys with the value undefined, which exact optional types do not allow. */
function defined<T extends object>(object: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
