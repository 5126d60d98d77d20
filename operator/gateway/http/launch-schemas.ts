import { z } from "zod";
import { launchFields } from "../admission/launch-fields.ts";
import { launchErrors, sessionErrors } from "../errors.ts";

/** The shapes of bodies as the API describes them, beside the fields that all dialects share. */

export const multipartFields = launchFields.extend({
  avatar_image: z.file().optional().describe("Face image to use instead of a preset: JPEG, PNG or WebP."),
});

export const jsonFields = launchFields.extend({
  image: z
    .string()
    .optional()
    .describe("Face image to use instead of a preset: an http:// or https:// URL, or the file in base64."),
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
    code: z.enum(Object.keys({ ...launchErrors, ...sessionErrors })).describe("Machine-readable reason."),
    message: z.string().describe("Human-readable message: the reason and what to do."),
    field: z.string().optional().describe("The invalid field, by the name that the client used."),
  }),
});
