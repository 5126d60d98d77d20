import { z } from "zod";

/**
 * The leading operator's debug pages, for `avatarpool explain` and `avatarpool plan`. They require no authentication, so they
 * contain only data that the pool's status, events and metrics also show.
 */

export const DECISIONS_PATH = "/debug/decisions";
export const WORKERS_PATH = "/debug/workers";

/** The operator's HTTP port in the chart. */
export const OPERATOR_HTTP_PORT = 8_081;

/** Unknown fields and values are accepted: the CLI may be older or newer than the operator. */
const decision = z.object({
  time: z.string(),
  group: z.string(),
  from: z.number(),
  to: z.number(),
  outcome: z.string(),
  /** Why the decision was made, or why nothing changed. */
  reason: z.string(),
  /** The calculation of the size. */
  arithmetic: z.string(),
  /** All numbers in the calculation. */
  inputs: z.record(z.string(), z.number()).optional(),
});

export const decisionsSchema = z.object({
  /** Name of the leading operator's pod. */
  operator: z.string(),
  /** When it became the leader. Earlier decisions are not available. */
  since: z.string(),
  pool: z.string(),
  /** The latest decision of each group, also if nothing changed. */
  latest: z.array(decision),
  /** The latest changes of size, newest first. */
  changes: z.array(decision),
});

/** The load that gateways report for the pool, and the demand forecast. */
export const workersSchema = z.object({
  operator: z.string(),
  pool: z.string(),
  gatewaysConnected: z.number(),
  gatewaySilent: z.boolean(),
  queued: z.record(z.string(), z.number()),
  /** By preset: slots that recent launches lacked. `pressure` is its name in the previous version; the next version removes it. */
  deficit: z.record(z.string(), z.number()).optional(),
  pressure: z.record(z.string(), z.number()).optional(),
  /** By key of the serving set: the current value of `warm.slots: auto`. */
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
      /** Absent: an older operator, which runs no engine whose load blocks slots. */
      blocked: z.number().default(0),
    }),
  ),
});

export const poolListSchema = z.object({ operator: z.string(), since: z.string(), pools: z.array(z.string()) });

export const debugErrorSchema = z.object({ message: z.string() });

export type Decision = z.output<typeof decision>;
export type Decisions = z.output<typeof decisionsSchema>;
export type Workers = z.output<typeof workersSchema>;
export type PoolList = z.output<typeof poolListSchema>;
