import { launchApiOf } from "../../engines/index.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { taskState, type WorkerAnswer } from "../../workers/answers.ts";
import { type WorkerAccess, WorkerUnreachable } from "../../workers/client.ts";
import { CLOUD } from "../claims/cloud-claim.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import type { Worker } from "../workers/worker.ts";

const QUERY_TIMEOUT_MS = 2_000;

/** The result of a launch that has a session. */
export interface Served {
  readonly answer: WorkerAnswer;
  readonly at: SessionLocation;
  /** Whether this launch began the session. False if an earlier attempt or another gateway began it. */
  readonly earned: boolean;
}

export interface StillRunsDeps extends WorkerAccess {
  readonly findWorker: (uid: string) => Worker | undefined;
  /** Whether this gateway saw the session end. */
  readonly hasEnded: (worker: Worker, at: SessionLocation) => boolean;
  /** Whether the launch has a session in the maker's cloud. */
  readonly inCloud: (launch: string) => Promise<boolean>;
}

/**
 * Whether the session of a launch still runs. Queries the worker unless the gateway knows that the session has ended. If the
 * worker does not answer, the session counts as running: a second session is worse than a repeated answer. Never throws.
 */
export async function stillRuns(deps: StillRunsDeps, launch: string, at: SessionLocation): Promise<boolean> {
  if (at.worker === CLOUD.uid) return deps.inCloud(launch);
  const worker = deps.findWorker(at.worker);
  if (worker === undefined || worker.gone.aborted || deps.hasEnded(worker, at)) return false;
  const { origin } = worker;
  if (origin === undefined || at.task === undefined) return true;
  const path = `${launchApiOf(worker.record.engine).tasks}/${at.task}`;
  try {
    const answer = await withDeadline(deps.clock, QUERY_TIMEOUT_MS, (signal) => deps.client.get(origin, path, signal), worker.gone);
    return taskState(answer) !== "ended";
  } catch (error) {
    return !worker.gone.aborted && !(error instanceof WorkerUnreachable && error.refused);
  }
}
