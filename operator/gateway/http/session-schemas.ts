import { z } from "zod";
import { launchStages } from "../../telemetry/gateway-metrics.ts";
import { isLive, type Session } from "../sessions/session-book.ts";

export const sessionSchema = z.object({
  room: z.string().describe("LiveKit room."),
  state: z
    .enum(["pending", "running", "completed", "failed", "cancelled", "lost"])
    .describe("State that the worker reports. lost: the worker died."),
  task_id: z.string().describe("The session's id at its worker."),
  worker: z.string().describe("The worker's pod."),
  group: z.string().describe("The worker's group."),
  preset: z.string().optional().describe("The session's preset, if this gateway served the launch."),
  launched_at: z.iso.datetime().optional().describe("Arrival of the launch, if this gateway served it."),
  stages: z
    .array(z.object({ name: z.enum(launchStages), ms: z.number() }))
    .optional()
    .describe("Duration in ms of each stage of the start-up, as far as this gateway measured it."),
});

export const sessionsSchema = z.object({
  sessions: z.array(sessionSchema).describe("Live sessions first."),
  complete: z.boolean().describe("false: a worker did not respond and may have further sessions."),
  jobs: z
    .int()
    .optional()
    .describe("Jobs on workers to which LiveKit dispatches them. They are not in the list: LiveKit knows their rooms."),
});

export function sessionBody({ room, state, taskId, worker, launched }: Session): z.input<typeof sessionSchema> {
  return {
    room,
    state,
    task_id: taskId,
    worker: worker.name,
    group: worker.group,
    ...(launched?.preset === undefined ? {} : { preset: launched.preset }),
    ...(launched === undefined ? {} : { launched_at: new Date(launched.arrivedMs).toISOString() }),
    ...(launched === undefined || launched.stages.length === 0 ? {} : { stages: [...launched.stages] }),
  };
}

export function sessionsBody(found: {
  readonly sessions: readonly Session[];
  readonly complete: boolean;
  readonly jobs?: number;
}): z.input<typeof sessionsSchema> {
  const live = found.sessions.filter(isLive);
  const ended = found.sessions.filter((session) => !isLive(session));
  return {
    sessions: [...live, ...ended].map(sessionBody),
    complete: found.complete,
    ...(found.jobs !== undefined && { jobs: found.jobs }),
  };
}
