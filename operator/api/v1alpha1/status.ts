import { z } from "zod";
import { listOf } from "./fields.ts";

const n = (description: string) => z.int32().describe(description);
const time = (description: string) => z.string().meta({ description, format: "date-time" });

export const conditionSchema = z
  .object({
    type: z.string().describe("Name of the condition."),
    status: z.enum(["True", "False", "Unknown"]).describe("Whether the condition holds."),
    reason: z.string().describe("Machine-readable reason, in one word."),
    message: z.string().describe("Human-readable message: the state and what to do about it."),
    lastTransitionTime: time("When the status last changed."),
    observedGeneration: z.int().describe("Generation of the spec that the condition describes."),
  })
  .describe("One aspect of the pool's state.");

export const groupStatusSchema = z
  .object({
    name: z.string().describe("Name of the group."),
    desired: n("Desired number of workers: the Deployment's replicas."),
    ready: n("Workers whose pod is Ready."),
    warm: n("Workers that are ready with their presets loaded and not cordoned."),
    draining: n("Workers that receive no more launches and wait for their sessions to end."),
    sessions: n("Running sessions."),
    slots: n("Slots of all serving workers, and the slots still taken on workers that are being removed."),
    unschedulable: n("Workers for which the scheduler finds no node."),
    templateRenderedBy: z
      .string()
      .describe(
        "Image of the AvatarPool version that rendered the group's pod template. Absent if that is the operator's own version.",
      )
      .optional(),
  })
  .describe("One worker group.");

export const presetStatusSchema = z
  .object({ name: z.string().describe("Name of the preset."), warmSlots: n("Warm slots that can serve it.") })
  .describe("One preset.");

export const decisionStatusSchema = z
  .object({
    time: time("Time of the decision."),
    group: z.string().describe("Name of the group."),
    from: n("Workers before the decision."),
    to: n("Workers after the decision."),
    reason: z.string().describe("Reason of the decision, with its arithmetic."),
  })
  .describe("The last change of a group's size.");

const reclaimedSchema = z.object({
  sessions: n("Sessions that the gateways ended because their agent had left."),
  slotSeconds: n("Total time in seconds for which the workers' own timeout would have kept these slots taken."),
});

const credits = (description: string) => z.number().describe(description);

const creditsStatusSchema = z
  .object({
    selfHosted: credits("Credits of sessions on the pool's own workers."),
    cloud: credits("Credits of sessions in the maker's cloud."),
    lastHour: credits("Credits of the last hour, or since the operator started, if that is shorter."),
    budgetUsed: credits("Credits of the current budget period.").optional(),
  })
  .describe("Credits counted since the pool has had `credits`. Written at most once a minute. Absent without `credits`.");

export const poolStatusSchema = z
  .object({
    observedGeneration: z.int().describe("Generation of the spec that the status describes.").optional(),
    conditions: listOf(conditionSchema, "type", 16).describe("Conditions of the pool.").optional(),
    sessions: n("Running sessions.").optional(),
    overflowSessions: n(
      "Sessions in the maker's cloud that still count, not included in `sessions`. Absent without `overflow`.",
    ).optional(),
    credits: creditsStatusSchema.optional(),
    slots: n("Slots of all serving workers, and the slots still taken on workers that are being removed.").optional(),
    warmSlots: n("Free slots on warm workers.").optional(),
    queued: n("Launches waiting for a slot.").optional(),
    groups: listOf(groupStatusSchema, "name", 16).describe("Worker groups.").optional(),
    presets: listOf(presetStatusSchema, "name", 64).describe("Presets.").optional(),
    startup: z
      .object({ p50: z.string().describe("Median, such as 4.1s."), p95: z.string().describe("95th percentile.") })
      .describe("Start-up times of recent launches: from a launch's arrival until its session runs.")
      .optional(),
    reclaimed: reclaimedSchema
      .describe("Slots of abandoned sessions that the gateways freed since the pool was created. Absent without `livekit`.")
      .optional(),
    wonBack: reclaimedSchema
      .describe("Deprecated: use `reclaimed`, which has the same value. The next version removes it.")
      .optional(),
    pressurePerMinute: n("Launches in the last minute that met a full worker, had to wait or were refused.").optional(),
    lastDecision: decisionStatusSchema.optional(),
  })
  .describe("Observed state of the pool. Written at most once a second.");
