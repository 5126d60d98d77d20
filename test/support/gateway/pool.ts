import { API_GROUP_VERSION, KIND } from "../../../operator/api/names.ts";
import { type PoolConfig, resolvePool } from "../../../operator/api/pool-config.ts";
import { type AvatarPoolSpecInput, avatarPoolSchema } from "../../../operator/api/v1alpha1/index.ts";
import { engines } from "../../../operator/engines/index.ts";
import type { WorkerRecord } from "../../../operator/gateway/workers/worker-record.ts";

const spec: AvatarPoolSpecInput = {
  apiSecretRef: { name: "maker" },
  presets: [
    { name: "maya", image: { url: "https://example.com/maya.jpg" } },
    { name: "leo", model: { url: "https://example.com/leo.imx" } },
  ],
  workers: [
    { name: "gpu", engine: "expression", sessionsPerWorker: 2, max: 10 },
    { name: "cpu", engine: "essence", image: "registry.example.com/essence-worker:1.4", max: 20 },
  ],
};

/** A pool with an image preset on GPUs and a model preset on CPUs. */
export function testPool(
  changes: Partial<AvatarPoolSpecInput> = {},
  metadata: Record<string, unknown> = {},
  status?: object,
): PoolConfig {
  return resolvePool(
    avatarPoolSchema.parse({
      apiVersion: API_GROUP_VERSION,
      kind: KIND,
      metadata: {
        name: "support",
        namespace: "avatars",
        uid: "pool-uid",
        generation: 1,
        resourceVersion: "1",
        creationTimestamp: "2026-01-01T00:00:00Z",
        ...metadata,
      },
      spec: { ...spec, ...changes },
      status,
    }),
  );
}

/** A pool whose only group gets its sessions from LiveKit, two per worker. */
export function agentPool(changes: Partial<AvatarPoolSpecInput> = {}): PoolConfig {
  const agents = { name: "agents", engine: "livekit-agent", image: "registry.example.com/agent:1", max: 10 } as const;
  const livekit = { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } };
  return testPool({ presets: [], workers: [agents], livekit, ...changes });
}

/** The record of one of its workers. */
export const agentRecord: Partial<WorkerRecord> = { group: "agents", engine: engines["livekit-agent"] };

/** A worker's record. Its address derives from its name. */
export function testRecord(name: string, changes: Partial<WorkerRecord> = {}): WorkerRecord {
  return {
    uid: `uid-${name}`,
    name,
    namespace: "avatars",
    pool: "support",
    group: "gpu",
    engine: engines.expression,
    createdAtMs: 0,
    ip: `ip-${name}`,
    terminating: false,
    cordoned: false,
    warm: true,
    started: true,
    ended: false,
    ...changes,
  };
}
