import { z } from "zod";

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

/** Limit on the tasks of one claim. */
export const MAX_BEFORE = 16;

const text = z.string().min(1).max(512);
const texts = z.array(text).readonly();

/** The claim of a gateway that is about to send a launch to a worker. */
export const claimSchema = z.object({
  /** Key of the launch: requests with the same key are one launch. */
  launch: text,
  /** Key of the room. The same gateways keep all claims of a room. */
  room: text,
  /** The gateway's name among its peers. */
  gateway: text,
  /** UID of the worker; `overflow` for the maker's cloud. */
  worker: text,
  /** Earlier tasks of the worker in the room: they do not belong to this launch. */
  before: z.array(text).max(MAX_BEFORE).readonly(),
  /** A gateway whose claim the claimant found void: it started no session, or has ended. */
  instead: text.optional(),
});

export type Claim = z.output<typeof claimSchema>;

/** Another gateway is sending the launch or has recently sent it. */
const heldSchema = claimSchema.pick({ gateway: true, worker: true, before: true }).extend({
  kind: z.literal("held"),
  ticket: z.number(),
});

export const verdictSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("granted"),
    /** Sequence number: it rises with every claim of a room and orders its launches. */
    ticket: z.number(),
    /** Gateways that recently claimed another launch of the room. */
    others: texts,
  }),
  heldSchema,
]);

export type Verdict = z.output<typeof verdictSchema>;
export type Held = z.output<typeof heldSchema>;

/** The claim of `gateway`. */
export const questionSchema = z.object({ launch: text, gateway: text });

export const peerAnswerSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("served"),
    answer: z.object({ status: z.int().min(200).max(299), contentType: z.string(), body: z.string() }),
    at: z.object({ worker: text, task: text.optional(), room: z.string() }),
  }),
  /** The gateway has no session for the launch and will start none. */
  z.object({ kind: z.literal("none") }),
  /** The gateway may have started a session, and the outcome is unknown. */
  z.object({ kind: z.literal("unknown") }),
  z.object({ kind: z.literal("pending") }),
]);

/** The answer of a gateway about a launch that it claimed. */
export type PeerAnswer = Exclude<z.output<typeof peerAnswerSchema>, { kind: "pending" }>;

/** A session with a later ticket has the seat, or needs the slot of the older one. */
export const supersededSchema = z.object({
  pool: text,
  room: z.string().max(4_096),
  seat: text,
  ticket: z.number(),
  /** Whether the newer session runs. If not, launches under way are left alone. */
  runs: z.boolean(),
});

export type Superseded = z.infer<typeof supersededSchema>;

/** UIDs of the workers whose session was ended. */
export const endedSchema = z.object({ ended: texts });
