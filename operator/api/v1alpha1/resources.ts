import { z } from "zod";
import { quantity, rules } from "./fields.ts";

/** GPU resources that the API server rejects here: with `gpu` there would be two numbers for one resource. */
const gpuNames = ["nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"] as const;

const requestedElsewhere = z.union([z.int32(), z.string()]).meta({
  description: "Must not be set: request GPUs under `gpu`.",
  "x-kubernetes-int-or-string": true,
  maxLength: 32,
  ...rules({ rule: "false", message: "request GPUs under gpu, not under resources" }),
});

const named = (description: string) => quantity(description, "2, 500m or 12Gi").optional();

/** Resource names that are not listed are passed to the pod unchanged. */
const quantities = (description: string) =>
  z
    .object({
      cpu: named("CPU cores, such as 2, 0.5 or 500m."),
      memory: named("Memory, such as 12Gi."),
      "ephemeral-storage": named("Local storage of the containers, such as 10Gi."),
      "hugepages-2Mi": named("Memory in pages of 2 MiB."),
      "hugepages-1Gi": named("Memory in pages of 1 GiB."),
      ...Object.fromEntries(gpuNames.map((name) => [name, requestedElsewhere.optional()])),
    })
    .catchall(z.unknown())
    .meta({ description, "x-kubernetes-preserve-unknown-fields": true, maxProperties: 16 });

export const resourcesSchema = z
  .object({
    requests: quantities("Resources that a worker requests.").optional(),
    limits: quantities("Maximum resources that a worker may use.").optional(),
  })
  .describe("CPU and memory of a worker. Each name that is set overrides the engine's default. GPUs are requested under `gpu`.");

export const helpersSchema = z
  .object({
    resources: z
      .object({
        requests: quantities("Resources that each helper container requests.").optional(),
        limits: quantities("Maximum resources that each helper container may use.").optional(),
      })
      .describe("Resources of each helper container. Each name that is set overrides the default.")
      .optional(),
  })
  .describe("AvatarPool's helper containers in a worker's pod: fetch-assets and drain-hook.");
