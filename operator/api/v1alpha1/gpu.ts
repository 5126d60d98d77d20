import { z } from "zod";
import { count, dnsLabel, listOf, objectName, rules } from "./fields.ts";

const DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
/** An extended resource as Kubernetes defines it: a qualified name whose domain is not Kubernetes' own. */
const EXTENDED_RESOURCE = `^${DNS_LABEL}([.]${DNS_LABEL})*/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`;

const resourceClaimSchema = z
  .object({
    name: dnsLabel(63, "Name of the claim within the pod."),
    resourceClaimName: objectName("Name of a ResourceClaim in the pool's namespace. All workers of the group share it.").optional(),
    resourceClaimTemplateName: objectName(
      "Name of a ResourceClaimTemplate in the pool's namespace. Each worker has its own claim, which is deleted with the worker.",
    ).optional(),
    request: dnsLabel(63, "Name of the single request of the claim that the worker uses. Default: all requests.").optional(),
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
          "Extended resource that a worker requests: a whole GPU, a time-sliced share or a slice, such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu or gpu.intel.com/i915. Default: nvidia.com/gpu, or none if `resourceClaims` is set.",
        ...rules({
          rule: `self.matches('${EXTENDED_RESOURCE}') && !self.contains('kubernetes.io/') && !self.startsWith('requests.')`,
          message:
            "the value must be an extended resource with its vendor's domain, such as nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu or gpu.intel.com/i915",
        }),
      })
      .optional(),
    count: count("Number of units of the resource that a worker requests. Default: 1.", 1, 16).optional(),
    resourceClaims: listOf(resourceClaimSchema, "name", 8)
      .min(1)
      .describe(
        "Claims by which a worker obtains its GPU, or a slice of one, through dynamic resource allocation. Requires Kubernetes 1.34 or newer: an older API server drops or rejects these fields, and a worker would start without a GPU. Set tolerations of tainted GPU nodes under `tolerations`.",
      )
      .optional(),
  })
  .meta({
    description: "What a worker of a GPU engine requests.",
    ...rules({
      rule: "!has(self.count) || has(self.resourceName) || !has(self.resourceClaims)",
      message: "count applies to resourceName only: set resourceName, or remove count",
    }),
  });
