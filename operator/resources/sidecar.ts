import { createHash } from "node:crypto";
import type { V1Container, V1LifecycleHandler, V1SecurityContext } from "@kubernetes/client-node";
import { DRAIN_TOKEN_HEADER } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { ASSETS_PREFIX, assetVariables } from "./asset-variables.ts";
import { requirements } from "./resource-requirements.ts";

/** The containers of AvatarPool in a worker pod: one fetches models before the start, one keeps the pod until its sessions end. */

export const ASSETS_CONTAINER = "fetch-assets";
export const DRAIN_CONTAINER = "drain-hook";
const DRAIN_PORT = 8_099;

const restricted: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

/** Present if the engine reads its presets from a folder, unless the group's variables make its workers need no models. */
export function assetsContainer(pool: PoolConfig, group: GroupConfig, image: string): V1Container | undefined {
  const volume = group.engine.volumes.find(({ source }) => source.kind === "assets");
  const { withoutModels: without } = group.engine;
  const needless = without && group.spec.env?.some(({ name, value }) => name === without.name && value === without.value);
  if (volume === undefined || needless) return undefined;
  const assets = pool.presets.flatMap(({ name, asset }) =>
    asset.kind === "model" && group.presets.includes(name)
      ? [{ name, url: asset.url, ...(asset.sha256 === undefined ? {} : { sha256: asset.sha256 }) }]
      : [],
  );
  return {
    name: ASSETS_CONTAINER,
    image,
    args: ["fetch-assets"],
    env: [...assetVariables(assets), { name: `${ASSETS_PREFIX}DIR`, value: volume.mountPath }],
    volumeMounts: [{ name: volume.name, mountPath: volume.mountPath }],
    resources: requirements({ requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } }, helpers(group)),
    securityContext: restricted,
  };
}

/**
 * A sidecar (a restartable init container) that answers the preStop hook of the worker when the worker has no session left. The
 * hook cannot be a command, because the worker image may have no shell.
 */
export function drainContainer(pool: PoolConfig, group: GroupConfig, image: string): V1Container {
  return {
    name: DRAIN_CONTAINER,
    image,
    args: ["drain-hook"],
    restartPolicy: "Always",
    env: [
      { name: "AVATARPOOL_WORKER_PORT", value: String(group.engine.port) },
      { name: "AVATARPOOL_DRAIN_PORT", value: String(DRAIN_PORT) },
      { name: "AVATARPOOL_DRAIN_TOKEN", value: drainToken(pool, group) },
      { name: "AVATARPOOL_DRAIN_TIMEOUT_SECONDS", value: String(Math.ceil(group.drainTimeoutMs / 1_000)) },
    ],
    ports: [{ name: "drain", containerPort: DRAIN_PORT, protocol: "TCP" }],
    startupProbe: { httpGet: { path: "/healthz", port: "drain", scheme: "HTTP" }, periodSeconds: 1, failureThreshold: 60 },
    resources: requirements({ requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } }, helpers(group)),
    securityContext: restricted,
  };
}

/** The preStop hook of the worker. The sidecar rejects requests without the token. */
export function drainHook(pool: PoolConfig, group: GroupConfig): V1LifecycleHandler {
  const httpHeaders = [{ name: DRAIN_TOKEN_HEADER, value: drainToken(pool, group) }];
  return { httpGet: { path: "/drain", port: DRAIN_PORT, scheme: "HTTP", httpHeaders } };
}

/** The token is known to readers of the pod or of the pool, not to everyone who can reach the pod. */
function drainToken({ uid }: PoolConfig, { name }: GroupConfig): string {
  return createHash("sha256").update(`${uid}/${name}/drain`).digest("base64url");
}

function helpers({ spec }: GroupConfig) {
  return spec.helpers?.resources;
}
