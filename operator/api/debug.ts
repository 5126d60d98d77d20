import { z } from "zod";

/**
 * What the leading operator tells of itself over HTTP, for `avatarpool explain` and `avatarpool plan`. Whoever reaches the port
 * may read it, so there is nothing in it that the pool's status, events and metrics would not show.
 */

export const DECISIONS_PATH = "/debug/decisions";
export const WORKERS_PATH = "/debug/workers";

/** Where the chart has the operator listen. */
export const OPERATOR_HTTP_PORT = 8_081;

/** Read leniently: the CLI may be older or newer than the operator. */
const decision = z.object({
  time: z.string(),
  group: z.string(),
  from: z.number(),
  to: z.number(),
  outcome: z.string(),
  /** A sentence: why `to`, or why nothing changed. */
  reason: z.string(),
  /** The sum behind the size. */
  arithmetic: z.string(),
  /** All numbers that it was made from. */
  inputs: z.record(z.string(), z.number()).optional(),
});

export const decisionsSchema = z.object({
  /** Who answers: the leading operator. */
  operator: z.string(),
  /** Since when it leads. It knows of nothing before. */
  since: z.string(),
  pool: z.string(),
  /** Of each group the latest look, also where nothing changed. */
  latest: z.array(decision),
  /** The last changes of size, newest first. */
  changes: z.array(decision),
});

/** What gateways tell of the pool's workers and of launches that wait, and what was learned of its demand. */
export const workersSchema = z.object({
  operator: z.string(),
  pool: z.string(),
  gatewaysConnected: z.number(),
  gatewaySilent: z.boolean(),
  queued: z.record(z.string(), z.number()),
  pressure: z.record(z.string(), z.number()),
  /** By key of the serving set: what `warm.slots: auto` means now. */
  forecast: z.record(
    z.string(),
    z.object({ slots: z.number(), holdMs: z.number(), because: z.string(), timeToWarmMs: z.number().exactOptional() }),
  ),
  workers: z.array(
    z.object({
      uid: z.string(),
      sessions: z.number(),
      reserved: z.number(),
      slots: z.number(),
      ready: z.boolean(),
      cordonAcknowledged: z.boolean(),
    }),
  ),
});

export const poolListSchema = z.object({ operator: z.string(), since: z.string(), pools: z.array(z.string()) });

/** Of an answer that is no success. */
export const debugErrorSchema = z.object({ message: z.string() });

export type Decision = z.output<typeof decision>;
export type Decisions = z.output<typeof decisionsSchema>;
export type Workers = z.output<typeof workersSchema>;
export type PoolList = z.output<typeof poolListSchema>;
