import type { Clock } from "../../runtime/clock.ts";
import type { GatewayMetrics } from "../../telemetry/metrics.ts";
import { taskId, type WorkerAnswer } from "../../workers/answers.ts";
import type { LoadBook } from "../load/load-book.ts";
import type { Launched, Session } from "../sessions/session-book.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Worker } from "../workers/worker.ts";
import type { Replacements, SentLaunch } from "./replacements.ts";
import type { Flight } from "./send-launch.ts";
import type { StartupWatch } from "./startup.ts";

export interface AcceptedDeps {
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly load: LoadBook;
  readonly startups: StartupWatch;
  readonly replacements: Replacements;
  /** A worker has taken a launch. */
  readonly began: Sessions["began"];
  readonly stillRuns: (launch: string, at: SessionLocation) => Promise<boolean>;
}

/** Launches that a worker has taken: notes their sessions, measures their start-up, and ends the sessions that they replace. */
export class AcceptedLaunches {
  readonly #deps: AcceptedDeps;

  constructor(deps: AcceptedDeps) {
    this.#deps = deps;
  }

  /** A worker has answered a launch. */
  began(worker: Worker, answer: WorkerAnswer, flight: Flight, sent: SentLaunch): void {
    const { replacements } = this.#deps;
    const task = taskId(answer);
    if (task === undefined) {
      replacements.failed(sent);
      return;
    }
    const replaces = replacements.began(sent, this.#note(worker, task, flight, sent.ticket));
    void this.#follow(worker, { task, answer, replaces }, flight, sent);
  }

  /** A session of the launch was found that had begun before. */
  found(worker: Worker, task: string, flight: Flight, ticket: number): void {
    const { replacements } = this.#deps;
    const { key: pool, keys, request } = flight;
    const sent = replacements.sends({ pool, room: request.roomName, seat: keys.seat, ticket, others: [] });
    if (replacements.began(sent, this.#note(worker, task, flight, ticket))) void this.#replace(sent, worker, task, flight);
  }

  #note(worker: Worker, taskId: string, { keys, trace, preset, request }: Flight, ticket: number): Session {
    const { launch, seat, identity, agent } = keys;
    const { roomName: room, livekitUrl } = request;
    const { arrivedMs, path = "cold" } = trace;
    const launched: Launched = { arrivedMs, path, preset, livekitUrl, identity, agent, launch, seat, ticket };
    return this.#deps.began(worker, { taskId, room }, launched);
  }

  async #follow(
    worker: Worker,
    begun: { readonly task: string; readonly answer: WorkerAnswer; readonly replaces: boolean },
    flight: Flight,
    sent: SentLaunch,
  ): Promise<void> {
    const { startups, clock } = this.#deps;
    const { task, answer, replaces } = begun;
    const { preset, key } = flight;
    const { origin, record } = worker;
    if (origin === undefined) return;
    const acceptedMs = clock.now();
    const needed = replaces || (preset !== undefined && !worker.hasServed(preset));
    const ranMs = await startups.ran({ pool: key, origin, path: `${record.engine.paths.tasks}/${task}`, answer, needed });
    if (ranMs !== undefined) this.#ran(worker, { acceptedMs, ranMs }, flight);
    if (replaces) await this.#replace(sent, worker, task, flight);
  }

  /** The older sessions stay if the newer one has ended meanwhile. */
  async #replace(sent: SentLaunch, worker: Worker, task: string, { keys }: Flight): Promise<void> {
    const { replacements, stillRuns } = this.#deps;
    if (await stillRuns(keys.launch, { worker: worker.uid, task, room: sent.room })) await replacements.runs(sent);
  }

  #ran(worker: Worker, { acceptedMs, ranMs }: { readonly acceptedMs: number; readonly ranMs: number }, flight: Flight): void {
    const { load, metrics } = this.#deps;
    const { pool, preset, key, trace } = flight;
    const { arrivedMs, path } = trace;
    const startupMs = ranMs - arrivedMs;
    if (preset !== undefined) worker.noteServed(preset);
    const labels = { namespace: pool.namespace, pool: pool.name };
    metrics.startupSeconds.observe({ ...labels, path: path ?? "cold" }, startupMs / 1_000);
    metrics.stageSeconds.observe({ ...labels, stage: "worker" }, (ranMs - acceptedMs) / 1_000);
    load.started(key, startupMs, path === "queued" ? undefined : worker.uid);
  }
}
