import type { AccountErrorKind } from "../../api/load-report.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { GatewayMetrics } from "../../telemetry/metrics.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerClient } from "../../workers/client.ts";
import type { LoadBook, Shortage } from "../load/load-book.ts";
import { findSession, type SearchTarget, type SessionSearch } from "../sessions/find-session.ts";
import type { Slot, Slots } from "../workers/slots.ts";
import type { Worker } from "../workers/worker.ts";
import type { Doubt, Doubts } from "./doubts.ts";
import { type Forwarded, forward } from "./forward.ts";
import type { BodyFor } from "./launch-body.ts";
import type { LaunchKeys } from "./launch-key.ts";
import type { LaunchTrace } from "./launch-trace.ts";
import { workerBroke, workerRejected, workerTimedOut } from "./refusals.ts";

/** One launch on its way. */
export interface Flight {
  readonly pool: PoolConfig;
  /** The pool's. */
  readonly key: string;
  readonly keys: LaunchKeys;
  readonly preset: string | undefined;
  readonly request: LaunchRequest;
  readonly bodyFor: BodyFor;
  readonly trace: LaunchTrace;
  readonly met: (shortage: Shortage) => void;
  /** Aborts when the launch has an answer: a session, or a refusal. */
  readonly settled: AbortSignal;
}

export interface AttemptDeps {
  readonly clock: Clock;
  readonly client: WorkerClient;
  readonly slots: Slots;
  readonly load: LoadBook;
  readonly metrics: GatewayMetrics;
  readonly doubts: Doubts;
  /** Asks a worker soon what it has to say now. */
  readonly ask: (worker: Worker) => void;
}

/** What was known when the launch was sent. */
export interface Before extends Pick<SearchTarget, "isOther"> {
  /** The launch's place among those of its room. */
  readonly ticket: number;
}

export type Attempt =
  | { readonly kind: "served"; readonly answer: WorkerAnswer }
  /** Nothing began: the next worker may be tried. `lost`: this one had the launch, and then broke off. */
  | { readonly kind: "next"; readonly lost: boolean };

/**
 * Sends a launch to the worker whose slot it holds, once. The slot is released or confirmed however it ends.
 * An answer that is lost is looked for at the worker before anything is tried again.
 * @throws LaunchError when the worker finds fault with the launch, or when nobody can tell whether a session began.
 */
export async function attempt(deps: AttemptDeps, slot: Slot, flight: Flight, before: Before): Promise<Attempt> {
  const { worker } = slot;
  const { origin } = worker;
  const { engine } = worker.record;
  const forwarded: Forwarded = origin === undefined ? { kind: "unreachable" } : await sent(deps, { origin, worker }, flight);
  switch (forwarded.kind) {
    case "accepted":
      worker.succeeded();
      slot.confirm();
      deps.ask(worker);
      return { kind: "served", answer: forwarded.answer };
    case "busy": {
      const { namespace, name: pool } = flight.pool;
      deps.metrics.worker503.inc({ namespace, pool, reason: forwarded.reason });
      flight.met("worker503");
      worker.failed(forwarded.reason === "at_capacity" ? "full" : "not-ready");
      return nothingBegan(deps, slot, false);
    }
    case "gone":
      return nothingBegan(deps, slot, false);
    case "unreachable":
      worker.failed("not-ready");
      return nothingBegan(deps, slot, false);
    case "rejected":
      slot.release();
      deps.slots.wake(flight.key);
      noteAccountError(deps, forwarded.status, flight);
      throw workerRejected(worker.name, forwarded.status, forwarded.message);
    case "broken":
    case "timed-out": {
      worker.failed(forwarded.kind);
      const { isOther, ticket } = before;
      const { tasks: tasksPath } = engine.paths;
      const suspect = { origin: origin ?? "", tasksPath, room: flight.request.roomName, isOther, gone: worker.gone };
      const search = await findSession(deps, suspect);
      const error = forwarded.kind === "broken" ? workerBroke(worker.name, forwarded.why) : workerTimedOut(worker.name);
      const doubt = { worker, ticket, suspect, error };
      return settleLost(deps, { slot, flight, doubt, search, mayStillBegin: forwarded.kind === "timed-out" });
    }
  }
}

async function sent(
  deps: AttemptDeps,
  { origin, worker }: { readonly origin: string; readonly worker: Worker },
  { trace, key, bodyFor }: Flight,
): Promise<Forwarded> {
  const sentMs = deps.clock.now();
  trace.attempts += 1;
  trace.worker = worker.name;
  deps.load.changed(key);
  const { engine, group } = worker.record;
  const forwarded = await forward(deps, { origin, path: engine.paths.launch, gone: worker.gone }, bodyFor(engine, group));
  trace.forwardMs += deps.clock.now() - sentMs;
  return forwarded;
}

function nothingBegan(deps: AttemptDeps, slot: Slot, lost: boolean): Attempt {
  slot.release();
  deps.ask(slot.worker);
  return { kind: "next", lost };
}

interface Lost {
  readonly slot: Slot;
  readonly flight: Flight;
  readonly doubt: Doubt;
  readonly search: SessionSearch;
  /** The worker has the request still: that it lists no session says nothing. */
  readonly mayStillBegin: boolean;
}

function settleLost(deps: AttemptDeps, { slot, flight, doubt, search, mayStillBegin }: Lost): Attempt {
  if (search.kind === "found") {
    slot.confirm();
    return { kind: "served", answer: search.answer };
  }
  if (search.kind === "gone" || (search.kind === "absent" && !mayStillBegin)) return nothingBegan(deps, slot, true);
  slot.confirm();
  deps.doubts.note(flight.keys.launch, doubt);
  throw doubt.error;
}

const accountErrors: ReadonlyMap<number, AccountErrorKind> = new Map([
  [401, "unauthorized"],
  [402, "noCredits"],
  [403, "limit"],
]);

/** A launch that brings its own secret tells of somebody else's account. */
function noteAccountError({ load }: AttemptDeps, status: number, { key, request }: Flight): void {
  const kind = accountErrors.get(status);
  if (kind !== undefined && request.apiSecret === undefined) load.accountError(key, kind);
}
