import type { LaunchFields } from "./launch-body.ts";
import type { WorkerProfile } from "./profile.ts";
import type { Task } from "./tasks.ts";

/**
 * What a worker can be made to do wrong: take launches and never answer; answer nothing at all, probes among it; cut the connection before a session starts;
 * answer launches seconds late; start the session and cut the connection; or die at once with its sessions.
 */
export const failures = ["none", "hang", "freeze", "reset", "slow", "lost-answer", "crash"] as const;
export type Failure = (typeof failures)[number];

export type LaunchResult =
  | { readonly kind: "accepted"; readonly task: Task; readonly running: Promise<void> }
  | { readonly kind: "refused"; readonly reason: "not_ready" | "at_capacity" }
  | { readonly kind: "bad"; readonly message: string };

/** What the HTTP API needs of a worker. */
export interface ServedWorker {
  readonly profile: WorkerProfile;
  readonly state: "loading" | "ready" | "dead";
  readonly failure: Failure;
  readonly activeSessions: number;
  readonly tasks: readonly Task[];
  /** Why a launch would be refused now, if it would. */
  readonly refusal: "not_ready" | "at_capacity" | undefined;
  /** How much later than usual a launch is answered now. */
  readonly answerDelayMs: number;
  task(id: string): Task | undefined;
  /** Ends a session on request. Returns false if it does not exist. */
  stopTask(id: string): boolean;
  /** A request to `/launch` has arrived. */
  countLaunch(): void;
  launch(fields: LaunchFields): LaunchResult;
  /** Exercises the pipeline. Resolves early when the worker ends. */
  benchmark(iterations: number): Promise<void>;
  /** Time of this worker's process: over at once when it ends. */
  wait(delayMs: number): Promise<void>;
}
