import type { Fleet, StandInWorker } from "../fleet/index.ts";
import { PoolScenario, type Surroundings } from "./pool-scenario.ts";

/** A scenario whose workers are stand-ins. */
export class Scenario extends PoolScenario {
  readonly #fleet: Fleet;

  constructor(stage: Surroundings & { readonly fleet: Fleet }, namespace: string) {
    super(stage, namespace);
    this.#fleet = stage.fleet;
  }

  /** Launches one after the other, and waits until the operator counts the sessions. @returns the workers of the sessions. */
  async sessions(count: number): Promise<readonly string[]> {
    const before = (await this.status()).sessions ?? 0;
    const workers: string[] = [];
    for (let index = 0; index < count; index++) {
      const { status, body, worker } = await this.launch();
      if (status !== 200) throw new Error(`launch ${index} failed with status ${status}: ${JSON.stringify(body)}`);
      workers.push(worker);
    }
    await this.until(`${before + count} sessions`, async () => (await this.status()).sessions === before + count);
    return workers;
  }

  /** The workers that run in this namespace. */
  workers(): readonly StandInWorker[] {
    return this.#fleet.workers().filter(({ pod }) => pod.namespace === this.namespace);
  }

  activeSessions(): number {
    return this.workers().reduce((sum, { activeSessions }) => sum + activeSessions, 0);
  }

  /** Ends sessions as callers do that hang up. @param count sessions per worker. Default: all. */
  endSessions(pod?: string, count = Number.POSITIVE_INFINITY): void {
    for (const worker of this.workers()) {
      if (pod !== undefined && worker.pod.name !== pod) continue;
      const active = worker.tasks.filter(({ state }) => state === "pending" || state === "running");
      for (const { id } of active.slice(0, count)) worker.stopTask(id);
    }
  }

  /** Sessions that were killed, with pod and reason. */
  kills(): readonly string[] {
    const { kills } = this.#fleet.totals;
    return kills.filter(({ pod }) => pod.startsWith(`${this.namespace}/`)).map(({ pod, reason }) => `${pod}: ${reason}`);
  }
}
