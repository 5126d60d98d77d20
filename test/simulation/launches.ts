import { groupServes } from "../../operator/api/pool-config.ts";
import type { LaunchError, LaunchErrorCode } from "../../operator/gateway/errors.ts";
import { LAUNCH_TIMEOUT_MS } from "../../operator/workers/client.ts";
import type { ApiObject } from "./api-objects.ts";
import type { SimGateway } from "./gateway.ts";
import type { JudgedWorld } from "./judged.ts";
import { groupOf } from "./pod-spec.ts";
import { freeSlots, isFull } from "./serving.ts";

/** The outcome of one launch. */
export interface LaunchRecord {
  readonly room: string;
  /** The launch: its room, or its agent if the room has had several. */
  readonly id: string;
  /** Sessions of the launch that had begun before its repeat. */
  readonly begunBefore: number;
  readonly preset: string | undefined;
  readonly gateway: SimGateway;
  readonly atMs: number;
  /** Its longest wait, by the spec at its arrival. */
  readonly deadlineMs: number;
  /** `cut-off`: its gateway died. */
  outcome: "waiting" | "session" | "refused" | "cut-off";
  code: string;
}

/** A launch is tried at a few workers before it waits. */
const AT_ONCE_MS = 1_000;
/** After a worker did not respond to a launch, the gateway reads its sessions: 2 s at most, and 1 s for the steps of the world. */
const AFTER_TIMEOUT_MS = 3_000;
/** Time after a fault in which views, specs and machines may differ. */
const AFTER_TROUBLE_MS = 60_000;

/** The errors that certainly begin no session. */
const harmless: readonly LaunchErrorCode[] = [
  "queue_full",
  "deadline_exceeded",
  "gateway_stopping",
  "pool_deleting",
  "preset_not_found",
];

/** Promises 2 and 3, at every response. */
export function judgeAnswer(world: JudgedWorld, record: LaunchRecord, error: LaunchError | undefined): void {
  const { witness } = world;
  if (record.outcome === "session" && (world.started.get(record.id) ?? 0) <= record.begunBefore)
    witness.broken(2, `${record.id} was accepted and has no session`);
  const sessions = world.workers.sessionsOf(record.id);
  if (error === undefined) return;
  if (harmless.includes(error.code) && sessions > 0)
    witness.broken(2, `${record.room} was rejected (${error.code}) and has ${sessions} sessions`);
  if (error.status === 503 && error.retryAfterMs === undefined)
    witness.broken(2, `${record.room} was rejected without Retry-After`);
  if ((error.code === "worker_failed" || error.code === "worker_timeout") && calmFor(world, record.atMs))
    witness.broken(3, `${record.room} failed (${error.code}) although no worker failed`);
  if (error.code === "deadline_exceeded") judgeDeadline(world, record);
}

/** Promise 2, at every step: no launch waits past its deadline. */
export function judgeWait(world: JudgedWorld, record: LaunchRecord): void {
  const overdueMs = world.clock.now() - record.atMs - record.deadlineMs;
  if (overdueMs < LAUNCH_TIMEOUT_MS + AFTER_TIMEOUT_MS) return;
  // The longest allowed wait is that of any spec between its arrival and now.
  if (world.timeline.of("edit").length > 0 && overdueMs < 300_000) return;
  world.witness.broken(2, `${record.room} still waits ${overdueMs} ms after its deadline`);
}

function judgeDeadline(world: JudgedWorld, record: LaunchRecord): void {
  const { clock, witness } = world;
  const waitedMs = clock.now() - record.atMs;
  // An immediate rejection is correct if its turn is long after the deadline and the pool cannot grow.
  const atOnce = waitedMs < AT_ONCE_MS && world.pool.groups.every(({ name, max }) => (world.replicas(name) ?? 0) >= max);
  if (waitedMs < record.deadlineMs && !atOnce && world.timeline.of("edit").length === 0)
    witness.broken(2, `${record.room} was rejected after ${waitedMs} ms, before its deadline`);
  if (!calmFor(world, record.atMs) || isFull(world)) return;
  for (const pod of world.cluster.pods()) {
    const free = isServedBy(world, pod, record.preset) ? freeSlots(world, pod, clock.now()) : 0;
    if (free > 1) witness.broken(3, `${record.room} was rejected while ${pod.metadata.name} had ${free} free slots`);
  }
  const group = growable(world, record);
  if (group !== undefined) witness.broken(3, `${record.room} was rejected although ${group} could have grown in time`);
}

function isServedBy(world: JudgedWorld, pod: ApiObject, preset: string | undefined): boolean {
  const group = world.pool.groups.find(({ name }) => name === groupOf(pod));
  return group !== undefined && groupServes(group, preset);
}

/** A group that serves the launch, was always below its maximum, and has room for more workers. */
function growable(world: JudgedWorld, record: LaunchRecord): string | undefined {
  const { pool } = world;
  const longestStartMs = world.longestStartMs;
  if (record.deadlineMs < longestStartMs + 30_000 || pool.scaling.paused) return undefined;
  // The target never exceeds `limits.maxSessions`.
  if (!world.hasRoom || world.clock.now() - world.lastFullMs < longestStartMs + 30_000) return undefined;
  return pool.groups.find((group) => groupServes(group, record.preset) && (world.replicas(group.name) ?? 0) < group.max)?.name;
}

/** Whether nothing but launches happened to the world since then, and for a while before. */
function calmFor(world: JudgedWorld, sinceMs: number): boolean {
  return world.calmSinceMs < sinceMs - AFTER_TROUBLE_MS || world.untroubled;
}
