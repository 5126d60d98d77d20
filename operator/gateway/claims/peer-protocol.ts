import { z } from "zod";

/** How gateways speak with each other, on their internal port. */

export const CLAIMS_PATH = "/claims";
export const CLAIM_ANSWERS_PATH = "/claims/answer";
/** Longest that a gateway holds back its word on a launch that is under way; then it is asked again. */
export const ANSWER_WAIT_MS = 20_000;

const text = z.string().min(1).max(512);

export const claimSchema = z.object({ launch: text, gateway: text, worker: text, instead: text.optional() });

export const verdictSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("granted") }),
  z.object({ kind: z.literal("held"), gateway: text, worker: text }),
]);

export const questionSchema = z.object({ launch: text });

export const peerAnswerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("served"),
    answer: z.object({ status: z.int().min(200).max(299), contentType: z.string(), body: z.string() }),
  }),
  z.object({ kind: z.literal("none") }),
  z.object({ kind: z.literal("unknown") }),
  /** It is under way still. */
  z.object({ kind: z.literal("pending") }),
]);
