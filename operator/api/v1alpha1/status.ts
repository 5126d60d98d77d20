import { z } from "zod";
import { listOf } from "./fields.ts";

const n = (description: string) => z.int32().describe(description);
const time = (description: string) => z.string().meta({ description, format: "date-time" });

export const conditionSchema = z
  .object({
    type: z.string().describe("Name of the condition."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
    reason: z.string().describe("One word for programs."),
    message: z.string().describe("A sentence for people: what is, and what to do about it."),
    lastTransitionTime: time("When the status last changed."),
    observedGeneration: z.int().describe("Generation of the spec that it speaks of."),
  })
  .describe("One aspect of the pool's state.");

export const groupStatusSchema = z
  .object({
    name: z.string().describe("Name of the group."),
    desired: n("Workers that the Deployment asks for."),
    ready: n("Workers whose pod is Ready."),
    warm: n("Workers that are ready with their presets loaded and not cordoned."),
    draining: n("Workers that get no launches any more and wait for their sessions to end."),
    sessions: n("Sessions that run now."),
    slots: n("Slots of all workers that serve, and those still taken on workers that are being removed."),
    unschedulable: n("Workers that the scheduler finds no node for."),
    templateRenderedBy: z
      .string()
      .describe(
        "Image of the AvatarPool version whose pod template the group keeps; absent if it has the template of the operator's own version.",
      )
      .optional(),
  })
  .describe("One worker group.");

export const presetStatusSchema = z
  .object({ name: z.string().describe("Name of the preset."), warmSlots: n("Warm slots that can serve it.") })
  .describe("One preset.");

export const decisionStatusSchema = z
  .object({
    time: time("When it was taken."),
    group: z.string().describe("Group that it is about."),
    from: n("Workers before."),
    to: n("Workers after."),
    reason: z.string().describe("Why, with the arithmetic, in a sentence."),
  })
  .describe("The last change of a group's size.");

export const poolStatusSchema = z
  .object({
    observedGeneration: z.int().describe("Generation of the spec that the status speaks of.").optional(),
    conditions: listOf(conditionSchema, "type", 16).describe("What holds and what does not, in words.").optional(),
    sessions: n("Sessions that run now.").optional(),
    overflowSessions: n(
      "Sessions in the maker's cloud that count still; not among `sessions`. Absent without `overflow`.",
    ).optional(),
    slots: n("Slots of all workers that serve, and those still taken on workers that are being removed.").optional(),
    warmSlots: n("Free slots on warm workers.").optional(),
    queued: n("Launches that wait for a slot.").optional(),
    groups: listOf(groupStatusSchema, "name", 16).describe("Worker groups.").optional(),
    presets: listOf(presetStatusSchema, "name", 64).describe("Presets.").optional(),
    startup: z
      .object({ p50: z.string().describe("Median, such as 4.1s."), p95: z.string().describe("95th percentile.") })
      .describe("Time from a launch's arrival until its session runs, over the last launches.")
      .optional(),
    wonBack: z
      .object({
        sessions: n("Sessions that were ended because their agent had left."),
        slotSeconds: n("For how long their workers would have kept them, all together."),
      })
      .describe("Slots that were not left to the workers' own timeout, since the pool was made. Absent without `livekit`.")
      .optional(),
    pressurePerMinute: n("Launches in the last minute that met a full worker, had to wait or were refused.").optional(),
    lastDecision: decisionStatusSchema.optional(),
  })
  .describe("What the operator saw. Written at most once a second.");
