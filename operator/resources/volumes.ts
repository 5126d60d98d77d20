import type { V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { GroupConfig } from "../api/pool-config.ts";
import type { VolumeSpec } from "../engines/index.ts";

export function volumes(group: GroupConfig): V1Volume[] {
  return group.engine.volumes.map((volume) => ({ name: volume.name, ...volumeSource(group, volume) }));
}

export function volumeMounts(group: GroupConfig): V1VolumeMount[] {
  return group.engine.volumes.map(({ name, mountPath }) => ({ name, mountPath }));
}

function volumeSource(group: GroupConfig, { source }: VolumeSpec): Omit<V1Volume, "name"> {
  switch (source.kind) {
    case "memory":
      return { emptyDir: { medium: "Memory", sizeLimit: source.sizeLimit } };
    case "assets":
      return { emptyDir: {} };
    case "modelCache":
      return modelCache(group);
  }
}

function modelCache({ spec: { modelCache: cache } }: GroupConfig): Omit<V1Volume, "name"> {
  if (cache?.persistentVolumeClaim !== undefined)
    return { persistentVolumeClaim: { claimName: cache.persistentVolumeClaim.claimName } };
  if (cache?.hostPath !== undefined) return { hostPath: { path: cache.hostPath.path, type: "DirectoryOrCreate" } };
  if (cache?.claimTemplate !== undefined) {
    const { storageClassName, size } = cache.claimTemplate;
    return {
      ephemeral: {
        volumeClaimTemplate: {
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: String(size) } },
            ...(storageClassName === undefined ? {} : { storageClassName }),
          },
        },
      },
    };
  }
  return { emptyDir: { sizeLimit: String(cache?.emptyDir?.sizeLimit ?? "20Gi") } };
}
