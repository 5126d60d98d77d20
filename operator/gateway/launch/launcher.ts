import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import type { LaunchClaims } from "../claims/launch-claims.ts";
import type { PeerAnswer } from "../claims/peer-protocol.ts";
import type { SessionLocation } from "../sessions/session-location.ts";
import { type LaunchDeps, runLaunch } from "./launch.ts";
import { launchBodies } from "./launch-body.ts";
import type { Arrival } from "./launch-context.ts";
import { launchKeys } from "./launch-key.ts";
import { presetOf } from "./preset-of.ts";
import { Singleflight } from "./singleflight.ts";

export interface LauncherDeps extends LaunchDeps {
  readonly claims: LaunchClaims;
  /** Whether the session of a launch still runs. Never throws. */
  readonly stillRuns: (launch: string, at: SessionLocation) => Promise<boolean>;
}

/**
 * Serves launches: the first request for a launch runs it, further requests for the same launch get its answer (singleflight).
 * {@link runLaunch} shows what happens to a launch.
 */
export class Launcher {
  readonly #deps: LauncherDeps;
  readonly #singleflight: Singleflight;

  constructor(deps: LauncherDeps) {
    this.#deps = deps;
    const { clock, stillRuns } = deps;
    this.#singleflight = new Singleflight({ clock, stillRuns: (launch, { at }) => stillRuns(launch, at) });
  }

  /**
   * @returns the answer of the worker that accepted the launch.
   * @throws LaunchError if there is no session, or if its outcome is unknown.
   */
  async launch(pool: PoolConfig, request: LaunchRequest, arrival: Arrival): Promise<WorkerAnswer> {
    const { order, arrivedMs, client, traceContext, signal, trace } = arrival;
    const key = poolKey(pool);
    const keys = launchKeys(pool, request);
    const preset = presetOf(request);
    const { served, repeated } = await this.#singleflight.run(keys.launch, signal, (abandoned) => {
      const settled = new AbortController();
      const launch = runLaunch(this.#deps, {
        ...{ order, arrivedMs, client, pool, key, keys, preset, request, abandoned, trace },
        bodyFor: launchBodies(pool, request, traceContext),
        deadlineMs: arrivedMs + pool.launch.queueDeadlineMs,
        claims: this.#deps.claims.of(keys, request.roomName, abandoned),
        met: this.#deps.load.arrived(key, preset),
        settled: settled.signal,
      });
      return launch.finally(() => settled.abort());
    });
    if (repeated) trace.path = "repeated";
    return served.answer;
  }

  /** The outcome of a launch, for another gateway. Waits while the launch is under way. */
  async peerAnswer(launch: string): Promise<PeerAnswer> {
    const { claims, doubts, overflow } = this.#deps;
    const served = claims.defers(launch) ? undefined : await this.#singleflight.find(launch);
    if (served !== undefined) return { kind: "served", answer: served.answer, at: served.at };
    return { kind: doubts.has(launch) || overflow.launcher.doubts(launch) ? "unknown" : "none" };
  }
}
