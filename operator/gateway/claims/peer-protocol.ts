import { z } from "zod";
import { MAX_BEFORE } from "./claim-book.ts";

/** Protocol between gateways, on their internal port. */

export const CLAIMS_PATH = "/claims";
export const CLAIM_ANSWERS_PATH = "/claims/answer";
export const SUPERSEDED_PATH = "/claims/superseded";
/** Duration of a long poll for the outcome of a launch. The caller then repeats it. */
export const ANSWER_WAIT_MS = 20_000;
/** Limit on concurrent long polls from one gateway to another. Further ones are answered "pending" at once. */
export const MAX_HELD_OF_PEER = 256;
/** Time limit for ending superseded sessions before the answer. */
export const SUPERSEDED_WAIT_MS = 6_000;

const text = z.string().min(1).max(512);
const tasks = z.array(text).max(MAX_BEFORE);

export const claimSchema = z.object({
  launch: text,
  room: text,
  gateway: text,
  worker: text,
  before: tasks,
  instead: text.optional(),
});

export const verdictSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("granted"), ticket: z.number(), others: z.array(text) }),
  z.object({ kind: z.literal("held"), gateway: text, worker: text, before: tasks, ticket: z.number() }),
]);

/** The claim of `gateway`. */
export const questionSchema = z.object({ launch: text, gateway: text });

export const peerAnswerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("served"),
    answer: z.object({ status: z.int().min(200).max(299), contentType: z.string(), body: z.string() }),
    at: z.object({ worker: text, task: text.optional(), room: z.string() }),
  }),
  z.object({ kind: z.literal("none") }),
  z.object({ kind: z.literal("unknown") }),
  /** The launch is still under way. */
  z.object({ kind: z.literal("pending") }),
]);

/** A session with a later ticket has the seat, or needs the slot of the older one. */
export const supersededSchema = z.object({
  /** Key of the pool. */
  pool: text,
  /** Name of the room. */
  room: z.string().max(4_096),
  seat: text,
  ticket: z.number(),
  /** Whether the newer session runs. If not, launches under way are left alone. */
  runs: z.boolean(),
});

export type Superseded = z.infer<typeof supersededSchema>;

/** UIDs of the workers whose session was ended. */
export const endedSchema = z.object({ ended: z.array(text) });
