import { setTimeout as sleep } from "node:timers/promises";
import { type LaunchOutcome, launch } from "../support/client/launch.ts";
import type { FleetProcess } from "../support/fleet/fleet-process.ts";
import { testFrame } from "../support/fleet/test-frame.ts";
import { NAMESPACE, POOL } from "./sample-pool.ts";
import type { AvatarKind, Phase, PlannedLaunch } from "./schedule.ts";

/** One launch and what its caller received. Times are Unix ms. */
export interface Call {
  readonly phase: Phase;
  readonly avatar: AvatarKind;
  readonly sentAtMs: number;
  /** Absent until the caller has a response. */
  readonly outcome?: LaunchOutcome;
  /** The time at which the session began to run, as reported by its worker. */
  readonly runningAtMs?: number;
}

const FOLLOW_MS = 250;
const ownImage = new Uint8Array(testFrame);

/** The callers of the demo. They use the gateways in turn, as behind a load balancer, and record every launch. */
export class Callers implements AsyncDisposable {
  readonly #calls: Call[] = [];
  readonly #gatewayUrls: readonly string[];
  readonly #fleet: Pick<FleetProcess, "tasks">;
  readonly #abort = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #following: Promise<void>;

  constructor(gatewayUrls: readonly string[], fleet: Pick<FleetProcess, "tasks">) {
    this.#gatewayUrls = gatewayUrls;
    this.#fleet = fleet;
    this.#following = this.#follow();
  }

  get calls(): readonly Call[] {
    return this.#calls;
  }

  /** Launches without a response, or whose session does not run yet. */
  get pending(): number {
    return this.#calls.filter(({ outcome, runningAtMs }) => outcome === undefined || (outcome.ok && runningAtMs === undefined))
      .length;
  }

  /** Sends each launch at its time. Resolves when the last one is sent. @throws when the signal aborts. */
  async play(launches: readonly PlannedLaunch[], signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    for (const planned of launches) {
      await sleep(Math.max(0, startMs + planned.atMs - performance.now()), undefined, { signal });
      this.call(planned);
    }
  }

  call({ phase, avatar, sessionSeconds }: PlannedLaunch): void {
    const n = this.#calls.push({ phase, avatar, sentAtMs: Date.now() }) - 1;
    const gateway = this.#gatewayUrls[n % this.#gatewayUrls.length];
    const request = {
      url: `${gateway}/${NAMESPACE}/${POOL}/launch`,
      roomName: `room-${n}`,
      avatar: avatar === "own image" ? { imageFile: ownImage } : { preset: avatar },
      sessionSeconds,
    };
    const call = launch(request, this.#abort.signal).then((outcome) => {
      this.#update(n, { outcome });
      this.#underWay.delete(call);
    });
    this.#underWay.add(call);
  }

  /** Aborts all launches. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#underWay, this.#following]);
  }

  /** Polls the fleet for the times at which sessions began to run. The times are exact at any poll interval. */
  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await sleep(FOLLOW_MS, undefined, { signal }).catch(() => {});
      const starting = this.#calls.flatMap(({ outcome, runningAtMs }, n) =>
        outcome?.taskId === undefined || runningAtMs !== undefined ? [] : [{ n, taskId: outcome.taskId }],
      );
      if (starting.length === 0) continue;
      const tasks = await this.#fleet.tasks().catch(() => []);
      const runningAtMs = new Map(tasks.map((task) => [task.id, task.runningAtMs]));
      for (const { n, taskId } of starting) {
        const atMs = runningAtMs.get(taskId);
        if (atMs !== undefined) this.#update(n, { runningAtMs: atMs });
      }
    }
  }

  #update(n: number, change: Partial<Call>): void {
    const call = this.#calls[n];
    if (call !== undefined) this.#calls[n] = { ...call, ...change };
  }
}
