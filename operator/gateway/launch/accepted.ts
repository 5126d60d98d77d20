import { launchApiOf } from "../../engines/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import { taskId, type WorkerAnswer } from "../../workers/answers.ts";
import type { LoadBook } from "../load/load-book.ts";
import type { LaunchPath } from "../sessions/launch-path.ts";
import type { LaunchStage } from "../sessions/launch-stage.ts";
import type { Launched, Session } from "../sessions/session-book.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Worker } from "../workers/worker.ts";
import type { LaunchContext } from "./launch-context.ts";
import type { Replacements, SentLaunch } from "./replacements.ts";
import { stageTimes } from "./stage-times.ts";
import type { StartupWatch } from "./startup.ts";

export interface AcceptedDeps {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly load: LoadBook;
  readonly startups: StartupWatch;
  readonly replacements: Replacements;
  readonly sessions: Pick<Sessions, "began" | "beganUnnamed">;
  readonly stillRuns: (launch: string, at: SessionLocation) => Promise<boolean>;
}

/** The worker that accepted a launch, and how the launch came to its slot. */
interface AcceptedBy {
  readonly worker: Worker;
  readonly path: LaunchPath;
}

interface NewSession extends AcceptedBy {
  readonly task: string;
  readonly sent: SentLaunch;
  readonly replaces: boolean;
  readonly stages: LaunchStage[];
}

/** Records the sessions of accepted launches, measures their start-up, and ends the sessions that they replace. */
export class AcceptedLaunches {
  readonly #deps: AcceptedDeps;

  constructor(deps: AcceptedDeps) {
    this.#deps = deps;
  }

  /** The worker has accepted a launch that this gateway sent. */
  began(launch: LaunchContext, accepted: AcceptedBy & { readonly answer: WorkerAnswer; readonly sent: SentLaunch }): void {
    const { sent, answer, worker, path } = accepted;
    const { load, clock } = this.#deps;
    const stages = [...stageTimes(launch.trace, clock.now())];
    load.changed(launch.key);
    load.served(launch.key, launch.preset);
    const task = taskId(answer);
    if (task === undefined) {
      this.#deps.sessions.beganUnnamed(worker);
      this.#deps.replacements.failed(sent);
    } else void this.#follow(launch, this.#record(launch, { worker, path, task, sent, stages }), answer);
  }

  /** The gateway has found a session that an earlier attempt or another gateway began. */
  found(launch: LaunchContext, found: AcceptedBy & { readonly task: string; readonly ticket: number }): void {
    const { key: pool, keys, request } = launch;
    const { worker, path, task, ticket } = found;
    const sent = this.#deps.replacements.register({ pool, room: request.roomName, seat: keys.seat, ticket, others: [] });
    const session = this.#record(launch, { worker, path, task, sent, stages: [] });
    if (session.replaces) void this.#replace(launch, session);
  }

  #record(launch: LaunchContext, begun: Omit<NewSession, "replaces">): NewSession {
    const { keys, preset, request, arrivedMs, trace } = launch;
    const { worker, path, task: taskId, sent, stages } = begun;
    const { launch: key, seat, identity, agent } = keys;
    const { roomName: room, livekitUrl } = request;
    const { traceId, span } = trace;
    const whose = { preset, livekitUrl, identity, agent, launch: key, seat };
    const launched: Launched = { arrivedMs, path, ...whose, ticket: sent.ticket, trace: { traceId, span }, stages };
    const session: Session = this.#deps.sessions.began(worker, { taskId, room }, launched);
    return { ...begun, replaces: this.#deps.replacements.began(sent, session) };
  }

  async #follow(launch: LaunchContext, session: NewSession, answer: WorkerAnswer): Promise<void> {
    const { startups, clock } = this.#deps;
    const { worker, task, replaces } = session;
    const { preset, key } = launch;
    const { origin, record } = worker;
    if (origin === undefined) return;
    const acceptedMs = clock.now();
    const needed = replaces || (preset !== undefined && !worker.hasServed(preset));
    const ranMs = await startups.ran({ pool: key, origin, path: `${launchApiOf(record.engine).tasks}/${task}`, answer, needed });
    if (ranMs !== undefined) this.#ran(launch, session, { acceptedMs, ranMs });
    if (replaces) await this.#replace(launch, session);
  }

  /** The older sessions stay if the newer one has already ended. */
  async #replace({ keys }: LaunchContext, { worker, task, sent }: NewSession): Promise<void> {
    const { replacements, stillRuns } = this.#deps;
    if (await stillRuns(keys.launch, { worker: worker.uid, task, room: sent.room })) await replacements.runs(sent);
  }

  #ran(
    { pool, preset, key, arrivedMs, trace }: LaunchContext,
    { worker, path, stages }: Pick<NewSession, "worker" | "path" | "stages">,
    { acceptedMs, ranMs }: { readonly acceptedMs: number; readonly ranMs: number },
  ): void {
    const { load, metrics } = this.#deps;
    const startupMs = ranMs - arrivedMs;
    if (preset !== undefined) worker.noteServed(preset);
    const labels = { namespace: pool.namespace, pool: pool.name };
    metrics.startupSeconds.observeLaunch({ ...labels, path }, startupMs / 1_000, trace.traceId);
    trace.span?.add({ name: "worker", startMs: acceptedMs, endMs: ranMs });
    const last: LaunchStage = { name: "worker", ms: ranMs - acceptedMs };
    metrics.stageSeconds.observeLaunch({ ...labels, stage: last.name }, last.ms / 1_000, trace.traceId);
    stages.push(last);
    load.started(key, startupMs, path === "queued" ? undefined : worker.uid);
  }
}
