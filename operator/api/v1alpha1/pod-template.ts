import { z } from "zod";
import { annotations, labels } from "../names.ts";
import { type CelRule, rules } from "./fields.ts";

/** A strategic overlay on the worker's pod. What its rules cannot see is refused by the operator. */

const PREFIX = "avatarpool.dev/";

const keysExcept = (names: readonly string[]): CelRule => ({
  rule: `self.all(key, !key.startsWith('${PREFIX}') && !(key in [${names.map((name) => `'${name}'`).join(", ")}]))`,
  message: `must not hold ${PREFIX}* or ${names.join(" or ")}: the operator sets them`,
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
    why: "a pod with it cannot share a process namespace of its own, which reaps the worker's children",
  },
  restartPolicy: { schema: z.string(), why: "a Deployment's pods are always restarted" },
  terminationGracePeriodSeconds: { schema: z.int(), why: "it follows from drain.timeout; set that" },
  activeDeadlineSeconds: { schema: z.int(), why: "it would end a worker with its sessions" },
  readinessGates: {
    schema: z.array(z.record(z.string(), z.string())).max(8),
    why: "the gate avatarpool.dev/warm must stay alone",
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
        labels: texts("Further labels.", 63, [labels.managedBy, "pod-template-hash"]),
        annotations: texts("Further annotations.", 4_096, [annotations.deletionCost, annotations.safeToEvict]),
      })
      .describe("Labels and annotations of the pods.")
      .optional(),
    spec: podSpec
      .meta({
        description:
          "Fields of a Pod's spec, merged into the worker's as `kubectl patch --type=strategic` does. The worker is the container `worker`.",
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
  .describe("An overlay on the worker's pod, the last word on what no other field says: see docs/pod-template.md.");
