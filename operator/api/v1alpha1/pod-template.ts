import { z } from "zod";
import { annotations, labels } from "../names.ts";
import { type CelRule, rules } from "./fields.ts";

/** A strategic overlay on the worker's pod. The operator rejects what CEL rules cannot check. */

const PREFIX = "avatarpool.dev/";

const keysExcept = (names: readonly string[]): CelRule => ({
  rule: `self.all(key, !key.startsWith('${PREFIX}') && !(key in [${names.map((name) => `'${name}'`).join(", ")}]))`,
  message: `the keys ${PREFIX}*, ${names.join(" and ")} must not be set: the operator sets them`,
});

const texts = (description: string, valueLength: number, ours: readonly string[]) =>
  z
    .record(z.string(), z.string().max(valueLength))
    .meta({ description, maxProperties: 32, ...rules(keysExcept(ours)) })
    .optional();

/** Fields of a pod's spec that an overlay must not set, and why. */
const refused = {
  hostNetwork: { schema: z.boolean(), why: "workers on one node would listen on the same port" },
  hostPID: {
    schema: z.boolean(),
    why: "it excludes the pod's shared process namespace, which reaps the worker's child processes",
  },
  restartPolicy: { schema: z.string(), why: "a Deployment always restarts its pods" },
  terminationGracePeriodSeconds: { schema: z.int(), why: "the operator derives it from drain.timeout; set drain.timeout instead" },
  activeDeadlineSeconds: { schema: z.int(), why: "it would end a worker and its sessions" },
  readinessGates: {
    schema: z.array(z.record(z.string(), z.string())).max(8),
    why: "avatarpool.dev/warm must be the only readiness gate",
  },
} as const;

const refusedFields = Object.fromEntries(
  Object.entries(refused).map(([field, { schema, why }]) => [field, schema.optional().describe(`Must not be set: ${why}.`)]),
);

type PodSpec = Readonly<Record<string, unknown>>;
const podSpec: z.ZodType<PodSpec, PodSpec> = z.looseObject(refusedFields);

export const podTemplateSchema = z
  .object({
    metadata: z
      .object({
        labels: texts("Additional labels.", 63, [labels.managedBy, "pod-template-hash"]),
        annotations: texts("Additional annotations.", 4_096, [annotations.deletionCost, annotations.safeToEvict]),
      })
      .describe("Labels and annotations of the pods.")
      .optional(),
    spec: podSpec
      .meta({
        description:
          "Fields of a pod's spec, merged as by `kubectl patch --type=strategic`. The worker's container is named `worker`.",
        "x-kubernetes-preserve-unknown-fields": true,
        ...rules(
          ...Object.entries(refused).map(([field, { why }]) => ({
            rule: `!has(self.${field})`,
            message: `${field} must not be set: ${why}`,
          })),
        ),
      })
      .optional(),
  })
  .describe("An overlay on the worker's pod, for settings that have no field of their own: see docs/pod-template.md.");
