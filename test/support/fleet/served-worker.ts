import type { LaunchFields } from "./launch-body.ts";
import type { WorkerProfile } from "./profile.ts";
import type { Task } from "./tasks.ts";

/**
 * Failures of a worker:
 * - `hang`: launches get no response.
 * - `freeze`: no request gets a response, including probes.
 * - `reset`: the connection breaks before a session starts.
 * - `slow`: the response to a launch is seconds late.
 * - `lost-answer`: the session starts and the connection breaks.
 * - `crash`: the worker and its sessions end immediately.
 */
export const failures = ["none", "hang", "freeze", "reset", "slow", "lost-answer", "crash"] as const;
export type Failure = (typeof failures)[number];

export type LaunchResult =
  | { readonly kind: "accepted"; readonly task: Task; readonly running: Promise<void> }
  | { readonly kind: "refused"; readonly reason: "not_ready" | "at_capacity" }
  | { readonly kind: "bad"; readonly message: string };

/** The parts of a worker that the HTTP API uses. */
export interface ServedWorker {
  readonly profile: WorkerProfile;
  readonly state: "loading" | "ready" | "dead";
  readonly failure: Failure;
  readonly activeSessions: number;
  readonly tasks: readonly Task[];
  /** The reason for which the worker currently rejects launches, or undefined. */
  readonly refusal: "not_ready" | "at_capacity" | undefined;
  /** Current additional delay of the response to a launch. */
  readonly answerDelayMs: number;
  task(id: string): Task | undefined;
  /** Ends a session on request. Returns false if it does not exist. */
  stopTask(id: string): boolean;
  /** Records a request to `/launch`. */
  countLaunch(): void;
  launch(fields: LaunchFields): LaunchResult;
  /** Exercises the pipeline. Resolves early when the worker ends. */
  benchmark(iterations: number): Promise<void>;
  /** Delay within this worker's process. Ends early when the process ends. */
  wait(delayMs: number): Promise<void>;
}
