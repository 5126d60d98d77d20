import { setTimeout as sleep } from "node:timers/promises";
import { type LaunchOutcome, launch } from "../support/client/launch.ts";
import type { FleetProcess } from "../support/fleet/fleet-process.ts";
import { testFrame } from "../support/fleet/test-frame.ts";
import { NAMESPACE, POOL } from "./sample-pool.ts";
import type { AvatarKind, Phase, PlannedLaunch } from "./schedule.ts";

/** One launch as its caller sees it. Times are Unix ms. */
export interface Call {
  readonly phase: Phase;
  readonly avatar: AvatarKind;
  readonly sentAtMs: number;
  /** Absent while the caller waits for an answer. */
  readonly outcome?: LaunchOutcome;
  /** When the session began to run, as its worker says. */
  readonly runningAtMs?: number;
}

const FOLLOW_MS = 250;
const ownImage = new Uint8Array(testFrame);

/** The callers of the demo: they launch at the gateways in turn, as behind a load balancer, and remember what they saw. */
export class Callers implements AsyncDisposable {
  readonly #calls: Call[] = [];
  readonly #gatewayUrls: readonly string[];
  readonly #fleet: Pick<FleetProcess, "tasks">;
  readonly #hangUp = new AbortController();
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

  /** Launches that have not been answered, or whose session does not run yet. */
  get pending(): number {
    return this.#calls.filter(({ outcome, runningAtMs }) => outcome === undefined || (outcome.ok && runningAtMs === undefined))
      .length;
  }

  /** Places all calls in time. Resolves when the last was sent. @throws when the signal aborts. */
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
    const call = launch(request, this.#hangUp.signal).then((outcome) => {
      this.#update(n, { outcome });
      this.#underWay.delete(call);
    });
    this.#underWay.add(call);
  }

  /** All callers hang up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#hangUp.abort();
    await Promise.all([...this.#underWay, this.#following]);
  }

  /** Reads from the fleet when sessions began to run. The times are exact, regardless of how often it polls. */
  async #follow(): Promise<void> {
    const { signal } = this.#hangUp;
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

  #update(n: number, news: Partial<Call>): void {
    const call = this.#calls[n];
    if (call !== undefined) this.#calls[n] = { ...call, ...news };
  }
}
