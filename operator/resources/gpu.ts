import type { V1Container, V1PodSpec, V1Toleration } from "@kubernetes/client-node";
import type { GroupConfig } from "../api/pool-config.ts";

const NVIDIA_GPU = "nvidia.com/gpu";

/** The extended resource that a worker requests; empty for CPU workers and if resource claims provide the GPU. */
export function gpuResource(group: GroupConfig): Readonly<Record<string, string>> {
  const name = resourceName(group);
  return name === undefined ? {} : { [name]: String(group.spec.gpu?.count ?? 1) };
}

/** The resource claims of the pod, and those that the worker container uses. */
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

/** GPU nodes have a taint with the name of their resource. NVIDIA nodes use `nvidia.com/gpu` for slices of any name. */
export function gpuTolerations(group: GroupConfig): readonly V1Toleration[] {
  const name = resourceName(group);
  if (name === undefined) return [];
  return [{ key: name.startsWith("nvidia.com/") ? NVIDIA_GPU : name, operator: "Exists", effect: "NoSchedule" }];
}

function resourceName({ engine, spec: { gpu } }: GroupConfig): string | undefined {
  if (engine.accelerator !== "gpu") return undefined;
  return gpu?.resourceName ?? (gpu?.resourceClaims === undefined ? NVIDIA_GPU : undefined);
}
