import { z } from "zod";
import { API_GROUP_VERSION, KIND } from "../names.ts";
import { rules } from "./fields.ts";
import { poolSpecSchema } from "./spec.ts";
import { type conditionSchema, type decisionStatusSchema, type groupStatusSchema, poolStatusSchema } from "./status.ts";

/** The single source of the resource: types, CRD and reference page are generated from these schemas. */

export { poolSpecSchema, poolStatusSchema };

/** Rules on the object itself. In metadata, CEL sees the name only. */
export const objectRules = rules({
  rule: "size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
  message:
    "metadata.name must have at most 40 characters (lower-case letters, digits and '-') and start with a letter: it becomes part of Deployment names",
});

/** An object as the API server stores it. Only the metadata that AvatarPool uses is checked. */
export const avatarPoolSchema = z.object({
  apiVersion: z.literal(API_GROUP_VERSION),
  kind: z.literal(KIND),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    generation: z.int(),
    resourceVersion: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).optional(),
  }),
  spec: poolSpecSchema,
  status: poolStatusSchema.optional(),
});

/** All but the spec: for readers that have parsed the spec of this generation before. */
export const poolHeadSchema = avatarPoolSchema.omit({ spec: true });

export type AvatarPool = z.output<typeof avatarPoolSchema>;
export type PoolHead = z.output<typeof poolHeadSchema>;
/** The spec as a user writes it: fields with a default are optional. */
export type AvatarPoolSpecInput = z.input<typeof poolSpecSchema>;
export type AvatarPoolSpec = z.output<typeof poolSpecSchema>;
export type AvatarPoolStatus = z.output<typeof poolStatusSchema>;
export type WorkerGroupSpec = AvatarPoolSpec["workers"][number];
export type PresetSpec = AvatarPoolSpec["presets"][number];
export type Condition = z.output<typeof conditionSchema>;
export type GroupStatus = z.output<typeof groupStatusSchema>;
export type DecisionStatus = z.output<typeof decisionStatusSchema>;
