import { z } from "zod";
import { quantity, rules } from "./fields.ts";

/** GPUs that are known by name, so that the API server refuses them here: two numbers for one resource would contradict. */
const gpuNames = ["nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe"] as const;

const askedForElsewhere = z.union([z.int32(), z.string()]).meta({
  description: "Not here: under `gpu`.",
  "x-kubernetes-int-or-string": true,
  maxLength: 32,
  ...rules({ rule: "false", message: "ask for GPUs under gpu, not under resources" }),
});

const named = (description: string) => quantity(description, "2, 500m or 12Gi").optional();

/** Names that are not listed reach the pod as they are. */
const quantities = (description: string) =>
  z
    .object({
      cpu: named("CPU cores, such as 2, 0.5 or 500m."),
      memory: named("Memory, such as 12Gi."),
      "ephemeral-storage": named("Local storage of the containers, such as 10Gi."),
      "hugepages-2Mi": named("Memory in pages of 2 MiB."),
      "hugepages-1Gi": named("Memory in pages of 1 GiB."),
      ...Object.fromEntries(gpuNames.map((name) => [name, askedForElsewhere.optional()])),
    })
    .catchall(z.unknown())
    .meta({ description, "x-kubernetes-preserve-unknown-fields": true, maxProperties: 16 });

export const resourcesSchema = z
  .object({
    requests: quantities("Least that a worker is given.").optional(),
    limits: quantities("Most that it may use.").optional(),
  })
  .describe("CPU and memory of a worker, over the engine's defaults name by name. The GPU is asked for under `gpu`.");

export const helpersSchema = z
  .object({
    resources: z
      .object({
        requests: quantities("Least that each of them is given.").optional(),
        limits: quantities("Most that each of them may use.").optional(),
      })
      .describe("Resources of each of them, over the defaults name by name.")
      .optional(),
  })
  .describe("The containers of AvatarPool in a worker's pod: fetch-assets and drain-hook.");
