import type { V1Container, V1PodSpec, V1Toleration } from "@kubernetes/client-node";
import type { GroupConfig } from "../api/pool-config.ts";

const NVIDIA_GPU = "nvidia.com/gpu";

/** The extended resource that a worker of the group requests; empty on CPU, and where claims alone give the GPU. */
export function gpuResource(group: GroupConfig): Readonly<Record<string, string>> {
  const name = resourceName(group);
  return name === undefined ? {} : { [name]: String(group.spec.gpu?.count ?? 1) };
}

/** The claims of the pod, and what of them its worker's container uses. */
export function gpuClaims({ spec }: GroupConfig): {
  readonly pod: Pick<V1PodSpec, "resourceClaims">;
  readonly container: Pick<NonNullable<V1Container["resources"]>, "claims">;
} {
  const claims = spec.gpu?.resourceClaims;
  if (claims === undefined) return { pod: {}, container: {} };
  return {
    pod: {
      resourceClaims: claims.map(({ name, resourceClaimName, resourceClaimTemplateName }) => ({
        name,
        ...(resourceClaimName === undefined ? {} : { resourceClaimName }),
        ...(resourceClaimTemplateName === undefined ? {} : { resourceClaimTemplateName }),
      })),
    },
    container: { claims: claims.map(({ name, request }) => ({ name, ...(request === undefined ? {} : { request }) })) },
  };
}

/** Nodes with GPUs are tainted by the name of their resource; those of NVIDIA by `nvidia.com/gpu`, whatever the slices are called. */
export function gpuTolerations(group: GroupConfig): readonly V1Toleration[] {
  const name = resourceName(group);
  if (name === undefined) return [];
  return [{ key: name.startsWith("nvidia.com/") ? NVIDIA_GPU : name, operator: "Exists", effect: "NoSchedule" }];
}

function resourceName({ engine, spec: { gpu } }: GroupConfig): string | undefined {
  if (engine.accelerator !== "gpu") return undefined;
  return gpu?.resourceName ?? (gpu?.resourceClaims === undefined ? NVIDIA_GPU : undefined);
}
