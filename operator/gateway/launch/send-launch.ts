import type { AccountErrorKind } from "../../api/load-report.ts";
import { launchApiOf } from "../../engines/index.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerAccess } from "../../workers/client.ts";
import type { LaunchError } from "../errors.ts";
import type { LoadBook } from "../load/load-book.ts";
import type { Slot, Slots } from "../queue/slots.ts";
import type { SearchTarget } from "../sessions/find-session.ts";
import type { Worker } from "../workers/worker.ts";
import type { Doubt } from "./doubts.ts";
import { type Forwarded, forward } from "./forward.ts";
import type { LaunchContext } from "./launch-context.ts";
import { workerBroke, workerRejected, workerTimedOut } from "./refusals.ts";

export interface SendDeps extends WorkerAccess {
  readonly slots: Slots;
  readonly load: LoadBook;
  readonly metrics: GatewayMetrics;
  /** Probes a worker soon. */
  readonly probeNow: (worker: Worker) => void;
  /** Resolves at the end of a probe of the worker. */
  readonly probe: (worker: Worker) => Promise<void>;
}

/** A worker that has not answered for so long may hang unnoticed: it is probed before it gets a launch. */
const RECENT_MS = 2_000;

/** What the gateway knew when it sent the launch. */
export interface SentWith extends Pick<SearchTarget, "isOther"> {
  /** The launch's position among those of its room. */
  readonly ticket: number;
}

/** Why no session began at a worker. `lost`: the worker failed after it had received the launch. */
export type NotBegun = "busy" | "gone" | "unreachable" | "lost";

export type WorkerOutcome =
  | { readonly kind: "accepted"; readonly answer: WorkerAnswer }
  /** No session began: another worker may serve the launch. */
  | { readonly kind: "not-begun"; readonly why: NotBegun }
  /** The worker rejects the launch itself; other workers would as well. */
  | { readonly kind: "rejected"; readonly error: LaunchError }
  | (LostAnswer & { readonly kind: "lost" });

/** A session may have begun. */
export interface LostAnswer {
  readonly doubt: Doubt;
  /** The worker still has the request: a list without the session proves nothing. */
  readonly mayStillBegin: boolean;
}

/** Sends a launch once, to the worker whose slot it holds. The slot is released or confirmed, unless the answer was lost. */
export async function sendLaunch(
  deps: SendDeps,
  slot: Slot,
  launch: LaunchContext,
  { isOther, ticket }: SentWith,
): Promise<WorkerOutcome> {
  const { worker } = slot;
  if (!slot.warm) launch.met("cold");
  const { origin } = worker;
  const forwarded: Forwarded = origin === undefined ? { kind: "unreachable" } : await timed(deps, worker, origin, launch);
  switch (forwarded.kind) {
    case "accepted":
      worker.succeeded();
      slot.confirm();
      deps.probeNow(worker);
      return forwarded;
    case "busy": {
      const { namespace, name: pool } = launch.pool;
      deps.metrics.worker503.inc({ namespace, pool, reason: forwarded.reason });
      launch.met("worker503");
      worker.failed(forwarded.reason === "at_capacity" ? "full" : "not-ready");
      return notBegun(deps, slot, "busy");
    }
    case "gone":
      return notBegun(deps, slot, "gone");
    case "unreachable":
      worker.failed("not-ready");
      return notBegun(deps, slot, "unreachable");
    case "rejected":
      slot.release();
      deps.slots.wake(launch.key);
      countAccountError(deps, forwarded.status, launch);
      return { kind: "rejected", error: workerRejected(worker.name, forwarded.status, forwarded.message) };
    case "broken":
    case "timed-out": {
      worker.failed(forwarded.kind);
      const { tasks: tasksPath } = launchApiOf(worker.record.engine);
      const target = { origin: origin ?? "", tasksPath, room: launch.request.roomName, isOther, gone: worker.gone };
      const error = forwarded.kind === "broken" ? workerBroke(worker.name, forwarded.why) : workerTimedOut(worker.name);
      return { kind: "lost", doubt: { worker, ticket, target, error }, mayStillBegin: forwarded.kind === "timed-out" };
    }
  }
}

async function timed(deps: SendDeps, worker: Worker, origin: string, { trace, key, bodyFor }: LaunchContext): Promise<Forwarded> {
  const sentMs = deps.clock.now();
  trace.attempts += 1;
  trace.worker = worker.name;
  deps.load.changed(key);
  const answers = await answersNow(deps, worker);
  if (!answers) return { kind: "unreachable" };
  const { engine, group } = worker.record;
  const forwarded = await forward(deps, { origin, path: launchApiOf(engine).path, gone: worker.gone }, bodyFor(engine, group));
  trace.forwardMs += deps.clock.now() - sentMs;
  return forwarded;
}

/** A launch that a hanging worker has received may begin at any time, so that no other worker can serve it. */
async function answersNow({ clock, probe }: SendDeps, worker: Worker): Promise<boolean> {
  if (clock.now() - worker.answeredMs <= RECENT_MS) return true;
  await probe(worker);
  return worker.ready;
}

export function notBegun(
  deps: Pick<SendDeps, "probeNow">,
  slot: Slot,
  why: NotBegun,
): WorkerOutcome & { readonly kind: "not-begun" } {
  slot.release();
  deps.probeNow(slot.worker);
  return { kind: "not-begun", why };
}

const accountErrors: ReadonlyMap<number, AccountErrorKind> = new Map([
  [401, "unauthorized"],
  [402, "noCredits"],
  [403, "limit"],
]);

/** Errors of a client's own account do not count. */
function countAccountError({ load }: SendDeps, status: number, { key, request }: LaunchContext): void {
  const kind = accountErrors.get(status);
  if (kind !== undefined && request.apiSecret === undefined) load.accountError(key, kind);
}
