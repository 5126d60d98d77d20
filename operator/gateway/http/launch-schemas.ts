import { z } from "zod";
import { launchFields } from "../admission/launch-fields.ts";
import { launchErrors, sessionErrors } from "../errors.ts";

/** The shapes of bodies as the API describes them, beside the fields that all dialects share. */

export const multipartFields = launchFields.extend({
  avatar_image: z.file().optional().describe("A face image, instead of a preset: JPEG, PNG or WebP."),
});

export const jsonFields = launchFields.extend({
  image: z.string().optional().describe("A face image, instead of a preset: its http:// or https:// URL, or the file in base64."),
  async_mode: z
    .boolean()
    .optional()
    .describe(launchFields.shape.async_mode.description ?? ""),
});

export const launchedSchema = z.looseObject({
  status: z.string().optional().describe("pending, or running with async_mode=false."),
  task_id: z.string().optional().describe("The session's id at its worker."),
  room_name: z.string().optional(),
});

export const errorBodySchema = z.object({
  error: z.object({
    code: z.enum(Object.keys({ ...launchErrors, ...sessionErrors })).describe("The reason, for programs."),
    message: z.string().describe("The reason and what to do, for people."),
    field: z.string().optional().describe("The field that is wrong, as the client called it."),
  }),
});
