import { z } from "zod";

/**
 * The load report of a gateway: one JSON object per line over a response without end (`GET /load` on the internal port).
 * Reports are level-based: the entry of a pool replaces the gateway's previous entry of that pool, so a lost line does no harm.
 * The first line contains every pool (`full`), later ones the pools that changed. A line without pools is a heartbeat, which a
 * gateway sends every second.
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
  /** Whether the worker answered its last probe with "ready" or "at capacity". */
  ready: z.boolean(),
  /** Last number of sessions that the worker reported. */
  sessions: count,
  /** Launches of this gateway that are in flight, or that the reported sessions may not include yet. */
  reserved: count,
  slots: count,
  /** This gateway acknowledges the cordon: it sends no launch to the worker until the cordon is removed. */
  cordoned: z.boolean(),
  /** Free slots that the load of the worker blocks. Absent: none. */
  blocked: count.optional(),
});

/** Problem of the maker's account, from a worker's 401, 402 or 403. More workers do not help. */
export const accountErrorKinds = ["unauthorized", "noCredits", "limit"] as const;
export type AccountErrorKind = (typeof accountErrorKinds)[number];

/** Why a launch that overflowed got no session; `unclear`: it may have got one. A closed set, because it is a metric label. */
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

/** Where a session runs: on the pool's own workers, or in the maker's cloud. */
export const chargeModes = ["self-hosted", "cloud"] as const;
export type ChargeMode = (typeof chargeModes)[number];

/** Sessions that began, and their started minutes. */
const usedSchema = z.object({ sessions: count, minutes: count });
export const usageSchema = z.partialRecord(z.enum(chargeModes), z.record(z.string(), usedSchema));

const reclaimedSchema = z.object({ sessions: count, slotSeconds: count });

export const poolLoadSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Absent in a line that reports a shortage only: the last list stays valid. */
  workers: z.array(workerLoadSchema).optional(),
  /** Waiting launches by preset; `""` stands for custom face images. */
  queued: z.record(z.string(), count),
  /**
   * Launches that met short capacity since the gateway started, by preset as in `queued`. A launch counts once for each
   * kind of shortage: a worker answered 503, the launch waited, it was refused or went to the maker's cloud.
   */
  shortages: z.record(z.string(), z.object({ worker503: count, waited: count, refused: count })),
  /** Running sessions that this gateway launched, by preset as in `queued`. Absent: an older gateway, or none. */
  sessions: z.record(z.string(), count).optional(),
  /** Launches that a worker rejected because of the account since the gateway started, by kind. */
  accountErrors: z.partialRecord(z.enum(accountErrorKinds), z.object({ count, lastMs: z.number() })).optional(),
  /** Abandoned sessions that the gateway ended since it started, and how long their workers would have kept the slots. */
  reclaimed: reclaimedSchema.optional(),
  /** What the gateway has counted since it started, by engine. Only for pools with `credits`. */
  usage: usageSchema.optional(),
  /** Names of Secrets that the gateway needs for this pool but has no permission to read. */
  forbiddenSecrets: z.array(z.string()).optional(),
  /** Sessions of this gateway in the maker's cloud, and the last error there since the last success. */
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
  /** Unix time in ms of the first shortage since the last report. */
  shortSinceMs: z.number().optional(),
  /** Start-up times in ms of the sessions that reached `running` since the last report. */
  startupsMs: z.array(z.number()),
  /** Of those, the launches that did not wait, with the UID of the worker's pod. They measure a worker. */
  workerStartups: z.array(z.object({ uid: z.string(), startupMs: z.number() })),
});

export const loadReportSchema = z.object({
  /** Identity of the gateway process; a restart changes it. */
  gateway: z.string(),
  full: z.boolean(),
  pools: z.array(poolLoadSchema),
});

export type Used = z.output<typeof usedSchema>;
/** Usage by mode and engine. */
export type Usage = z.output<typeof usageSchema>;
/** Adds sessions and minutes of one engine to a usage. */
export function addUsed(usage: Usage | undefined, mode: ChargeMode, engine: string, { sessions, minutes }: Used): Usage {
  const before = usage?.[mode]?.[engine] ?? { sessions: 0, minutes: 0 };
  const now = { sessions: before.sessions + sessions, minutes: before.minutes + minutes };
  return { ...usage, [mode]: { ...usage?.[mode], [engine]: now } };
}

export type Reclaimed = z.output<typeof reclaimedSchema>;
/** The entry of a pool in one line. */
export type PoolReport = z.output<typeof poolLoadSchema>;
/** The load of a pool at one gateway. */
export type PoolLoad = PoolReport & { readonly workers: readonly WorkerLoad[] };
export type WorkerLoad = z.output<typeof workerLoadSchema>;
export type LoadReport = z.output<typeof loadReportSchema>;
