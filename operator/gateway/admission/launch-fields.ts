import { z } from "zod";

/** Longest names that a room or a URL may have; LiveKit's own limits are lower. */
export const MAX_NAME_LENGTH = 2_048;
/** A token is 1 or 2 kB, and twice that with many grants. */
const MAX_TOKEN_LENGTH = 16_384;
const MAX_PROMPT_LENGTH = 65_536;

const text = (maxLength: number) =>
  z
    .string("must be text")
    .max(maxLength, `is longer than ${maxLength} characters`)
    // What stands for bytes that are no UTF-8 once they were decoded.
    .refine((value) => !value.includes("\uFFFD"), "is not UTF-8 text");

/** Text on one line: it ends up in names, URLs and logs. */
const line = (maxLength: number) =>
  text(maxLength)
    .trim()
    .refine((value) => !hasControlCharacter(value), "contains control characters: remove them");

const required = (what: string, maxLength: number) =>
  z.preprocess((value) => value ?? "", line(maxLength).min(1, { error: `is missing: send ${what}`, abort: true }));

/**
 * The fields of a launch, by all the names that clients give them, each as text. Admission checks launches with it, and
 * `/openapi.json` is made from it. Messages go on where the field's name ends.
 */
export const launchFields = z.object({
  livekit_url: required("the wss:// URL of the LiveKit server", MAX_NAME_LENGTH)
    .superRefine((url, context) => {
      const problem = livekitUrlProblem(url);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .describe("WebSocket URL of the LiveKit server, such as wss://example.livekit.cloud."),
  livekit_token: required("the room token with which the avatar joins", MAX_TOKEN_LENGTH)
    .refine(isToken, "is not a token: it contains spaces or non-ASCII characters")
    .describe("Room token with which the avatar joins."),
  room_name: required("the LiveKit room that the avatar joins", MAX_NAME_LENGTH).describe("LiveKit room that the avatar joins."),
  avatar_id: line(MAX_NAME_LENGTH)
    .optional()
    .describe("A preset of the pool: its name, its avatarId or one of its aliases. Optional if the pool has only one preset."),
  agent_id: line(MAX_NAME_LENGTH).optional().describe("Alias of avatar_id, used in the JSON form."),
  avatar_image_url: line(MAX_NAME_LENGTH)
    .optional()
    .describe("http:// or https:// URL of a face image. Used if avatar_id matches no preset."),
  image: line(MAX_NAME_LENGTH).optional().describe("Alias of avatar_image_url, used in the JSON form."),
  prompt: text(MAX_PROMPT_LENGTH).optional().describe("Text that describes how the avatar moves."),
  async_mode: z
    .preprocess(lowerCase, z.enum(["true", "false", "1", "0"], "must be true or false"))
    .optional()
    .describe(
      "true (default): the gateway responds when the worker has accepted the launch. false: it responds when the session runs.",
    ),
  api_secret: line(MAX_NAME_LENGTH)
    .refine(isToken, "is invalid: a secret has no spaces and only ASCII characters")
    .optional()
    .describe("The pool's token if no header contains it; otherwise the maker's API secret, which the worker receives."),
  mode: z
    .enum(["cpu", "gpu"], "must be cpu or gpu")
    .optional()
    .describe("Kind of worker in the maker's API. Ignored: the preset decides."),
});

export type LaunchFields = z.output<typeof launchFields>;

function livekitUrlProblem(url: string): string | undefined {
  if (/^wss?:\/\/[^/\s]\S*$/.test(url)) return undefined;
  const [, scheme, rest] = /^(https?):\/\/(\S+)$/.exec(url) ?? [];
  if (scheme === undefined) return "must be a ws:// or wss:// URL with a host";
  return `must be ws:// or wss://: write ${scheme === "https" ? "wss" : "ws"}://${rest}`;
}

/** Whether it can be sent in a header as it is. */
function isToken(value: string): boolean {
  return /^[!-~]*$/.test(value);
}

/** Python clients write True. */
function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

function hasControlCharacter(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
