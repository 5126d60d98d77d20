import { z } from "zod";
import { count, dnsLabel, listOf, objectName, rules } from "./fields.ts";

const DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
/** An extended resource as Kubernetes defines it: a qualified name whose domain is not Kubernetes' own. */
const EXTENDED_RESOURCE = `^${DNS_LABEL}([.]${DNS_LABEL})*/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`;

const resourceClaimSchema = z
  .object({
    name: dnsLabel(63, "Name of the claim within the pod."),
    resourceClaimName: objectName(
      "Name of a ResourceClaim in the pool's namespace, which all workers of the group share.",
    ).optional(),
    resourceClaimTemplateName: objectName(
      "Name of a ResourceClaimTemplate in the pool's namespace: each worker gets a claim of its own, which is deleted with it.",
    ).optional(),
    request: dnsLabel(63, "Name of the one request of the claim that the worker uses. Default: all of them.").optional(),
  })
  .meta({
    description: "A claim for devices.",
    ...rules({
      rule: "has(self.resourceClaimName) != has(self.resourceClaimTemplateName)",
      message: "a resource claim needs exactly one of resourceClaimName and resourceClaimTemplateName",
    }),
  });

export const gpuSchema = z
  .object({
    resourceName: z
      .string()
      .max(240)
      .meta({
        description:
          "Extended resource that a worker requests: a whole GPU, a time-sliced share or a slice, such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu or gpu.intel.com/i915. Default: nvidia.com/gpu, and none where `resourceClaims` is set.",
        ...rules({
          rule: `self.matches('${EXTENDED_RESOURCE}') && !self.contains('kubernetes.io/') && !self.startsWith('requests.')`,
          message:
            "must be an extended resource with its vendor's domain, such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu or gpu.intel.com/i915",
        }),
      })
      .optional(),
    count: count("How many of the resource a worker requests. Default: 1.", 1, 16).optional(),
    resourceClaims: listOf(resourceClaimSchema, "name", 8)
      .min(1)
      .describe(
        "Claims by which a worker gets its GPU, or a slice of one, through dynamic resource allocation. Needs Kubernetes 1.34 or newer: before, the API server drops or refuses these fields of a pod, and a worker would start without a GPU. Tolerations of tainted GPU nodes are set under `tolerations`.",
      )
      .optional(),
  })
  .meta({
    description: "What a worker of a GPU engine requests.",
    ...rules({
      rule: "!has(self.count) || has(self.resourceName) || !has(self.resourceClaims)",
      message: "count is for resourceName: set resourceName, or remove count",
    }),
  });
