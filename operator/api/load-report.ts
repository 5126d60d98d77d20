import { z } from "zod";

/**
 * What a gateway tells the operator: one JSON object a line over a response that does not end (`GET /load` on its
 * internal port). Level-based: a pool's entry replaces what the gateway said of that pool before, so a lost line costs
 * nothing. The first line speaks of every pool (`full`), later ones of the pools that changed; a line without pools is a
 * heartbeat, sent every second.
 */

export const LOAD_PATH = "/load";
/** Audience of the ServiceAccount token with which the operator opens the stream. */
export const LOAD_AUDIENCE = "avatarpool-gateway";
export const LOAD_HEARTBEAT_MS = 1_000;

const count = z.int().min(0);

export const workerLoadSchema = z.object({
  /** Name and UID of the pod. */
  pod: z.string(),
  uid: z.string(),
  /** Whether its last probe was answered with "ready" or "at capacity". */
  ready: z.boolean(),
  /** Sessions that the worker reported last. */
  sessions: count,
  /** Launches of this gateway that are on their way to it, or that it has not counted yet, as far as can be told. */
  reserved: count,
  slots: count,
  /** This gateway has seen the cordon: it sends no launch there until the cordon is gone. */
  cordoned: z.boolean(),
});

/** What the maker says of the account by a worker's 401, 402 or 403. More workers do not help. */
export const accountErrorKinds = ["unauthorized", "noCredits", "limit"] as const;
export type AccountErrorKind = (typeof accountErrorKinds)[number];

/** Why the maker's cloud took no launch that overflowed; `unclear`: nobody knows whether it did. A closed set: also a metric's label. */
export const overflowErrorKinds = [
  "unauthorized",
  "no_credits",
  "concurrency_limit",
  "rate_limited",
  "unavailable",
  "unreachable",
  "rejected",
  "secret_unreadable",
  "unclear",
] as const;
export type OverflowErrorKind = (typeof overflowErrorKinds)[number];

const reclaimedSchema = z.object({ sessions: count, slotSeconds: count });

export const poolLoadSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Absent in a line that reports a shortage only: the last list stays valid. */
  workers: z.array(workerLoadSchema).optional(),
  /** Launches that wait now, by preset; `""` stands for face images that are no preset. */
  queued: z.record(z.string(), count),
  /**
   * Launches that met short capacity since the gateway started, by preset as in `queued`. A launch counts once for each
   * kind of shortage: a worker answered 503, the launch waited, it was refused or went to the maker's cloud.
   */
  shortages: z.record(z.string(), z.object({ worker503: count, waited: count, refused: count })),
  /** Launches that a worker refused for the account's sake since the gateway started; the kinds that there were. */
  accountErrors: z.partialRecord(z.enum(accountErrorKinds), z.object({ count, lastMs: z.number() })).optional(),
  /** Abandoned sessions that the gateway ended since it started, and how long their workers would have kept the slots. */
  reclaimed: reclaimedSchema.optional(),
  /** Names of Secrets that the pool makes this gateway read, and that it has no right to. */
  forbiddenSecrets: z.array(z.string()).optional(),
  /** Sessions that this gateway has begun in the maker's cloud and that count still; and what went wrong there since the last success. */
  overflow: z
    .object({
      sessions: count,
      error: z.object({ kind: z.enum(overflowErrorKinds).exclude(["rejected"]), lastMs: z.number() }).optional(),
    })
    .optional(),
  /**
   * Launches since the gateway started, by preset as in `queued`, without repeats. `missed`: did not find a warm slot at once,
   * because they waited, were refused, went to the maker's cloud or to a worker that was not warm. `started`: got a session.
   */
  launches: z.record(z.string(), z.object({ arrived: count, missed: count, started: count })).default({}),
  /** Unix time in ms of the first launch since the last report that met short capacity. */
  shortSinceMs: z.number().optional(),
  /** Start-up times in ms of the launches whose session began to run since the last report. */
  startupsMs: z.array(z.number()),
  /** Of those, the launches that found a slot at once, with the UID of the worker's pod: what a worker is judged by. */
  workerStartups: z.array(z.object({ uid: z.string(), startupMs: z.number() })),
});

export const loadReportSchema = z.object({
  /** Identity of the gateway process; a restarted gateway is another one. */
  gateway: z.string(),
  full: z.boolean(),
  pools: z.array(poolLoadSchema),
});

export type Reclaimed = z.output<typeof reclaimedSchema>;
/** What one line says of a pool. */
export type PoolReport = z.output<typeof poolLoadSchema>;
/** What is known of a pool's load. */
export type PoolLoad = PoolReport & { readonly workers: readonly WorkerLoad[] };
export type WorkerLoad = z.output<typeof workerLoadSchema>;
export type LoadReport = z.output<typeof loadReportSchema>;
