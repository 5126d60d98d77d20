import { type EngineName, engineOf } from "../../../operator/engines/index.ts";
import type { Random } from "../../../operator/runtime/clock.ts";

/** The behavior of one stand-in worker: the maker's documented figures, changed by its environment and its seed. */
export interface WorkerProfile {
  readonly service: string;
  readonly maxSessions: number;
  /** Time from the start of the process until it is ready. */
  readonly coldStartMs: number;
  /** Time from an accepted launch until its session runs, with a cached avatar and an exercised pipeline. */
  readonly sessionStartMs: number;
  /** Additional time if this worker has not rendered the session's avatar before. */
  readonly encodingMs: number;
  /** Additional time for the first session if no benchmark has exercised the pipeline. */
  readonly firstSessionMs: number;
  readonly benchmarkIterationMs: number;
  /** The worker ends a session after this time. */
  readonly idleTimeoutMs: number;
  readonly taskRetentionMs: number;
  readonly maxTaskHistory: number;
}

/** Cold starts of the stand-ins: the lower end of the maker's documented range (30-50 s on a GPU, about 20 s on a CPU). */
const coldStartMs: Record<EngineName, number> = {
  expression: 30_000,
  essence: 20_000,
  "livekit-agent": 10_000,
};

/** Machines differ: a random addition of up to this share extends a cold start. */
const COLD_START_SPREAD = 0.1;

/** The profile of one run of a worker, from the environment of its container. */
export function workerProfile(engine: EngineName, env: Readonly<Record<string, string>>, random: Random): WorkerProfile {
  const encodes = engine === "expression";
  return {
    service: encodes ? "expression-avatar" : "cpu-avatar-worker",
    maxSessions: positive(env.MAX_SESSIONS, engineOf(engine).sessionsPerWorker),
    coldStartMs: Math.round(coldStartMs[engine] * (1 + COLD_START_SPREAD * random())),
    // The maker's workers do not have this variable. It simulates a revision that starts sessions slowly.
    sessionStartMs: positive(env.STAND_IN_SESSION_START, 4) * 1_000,
    // Models are loaded before the worker is ready: only images are encoded at their first use.
    encodingMs: encodes ? 2_000 : 0,
    firstSessionMs: encodes ? 1_500 : 0,
    benchmarkIterationMs: 500,
    idleTimeoutMs: positive(env.SESSION_IDLE_TIMEOUT, 600) * 1_000,
    taskRetentionMs: positive(env.TASK_RETENTION_SECONDS, 3_600) * 1_000,
    maxTaskHistory: positive(env.MAX_TASK_HISTORY, 1_000),
  };
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : otherwise;
}
