import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import type { AvatarPoolStatus, GroupStatus } from "../../operator/api/v1alpha1/index.ts";
import { KubeClient } from "../../operator/kube/client.ts";
import { avatarPools } from "../../operator/kube/resource-types.ts";
import type { KubeObject } from "../../operator/kube/types.ts";
import type { FleetTotals } from "../support/fleet/ledger.ts";
import { NAMESPACE, POOL } from "./sample-pool.ts";
import type { Stage } from "./stage.ts";

const INTERVAL_MS = 500;

/** The values that the demo polls: the pool's status as a user of the cluster sees it, the fleet's totals, memory. */
export class Watch implements AsyncDisposable {
  status: AvatarPoolStatus = {};
  totals: FleetTotals = { launches: 0, served: 0, refused503: 0, sessionsEnded: 0, sessionsKilled: 0, kills: [] };
  /** Largest resident memory seen, in MB. */
  operatorMb = 0;
  gatewayMb = 0;
  /** By group: most workers that were wanted. */
  readonly mostWorkers = new Map<string, number>();
  readonly #stage: Stage;
  readonly #client: KubeClient;
  readonly #stopped = new AbortController();
  readonly #asking: Promise<void>;

  /** @param onNews called after each round. */
  constructor(stage: Stage, onNews: () => void) {
    this.#stage = stage;
    const config = new KubeConfig();
    config.loadFromFile(stage.plane.kubeconfig);
    this.#client = new KubeClient(config, { userAgent: "avatarpool-demo" });
    this.#asking = this.#ask(onNews);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#asking;
    await this.#client.close();
  }

  async #ask(onNews: () => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      // A round that failed shows in nothing moving; the next one comes soon.
      await this.#round().then(onNews, () => {});
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #round(): Promise<void> {
    const { fleet, operator, gateways } = this.#stage;
    const pool = await this.#client.get<KubeObject & { readonly status?: AvatarPoolStatus }>(avatarPools, {
      namespace: NAMESPACE,
      name: POOL,
    });
    this.status = pool?.status ?? {};
    for (const { name, desired } of this.status.groups ?? []) {
      this.mostWorkers.set(name, Math.max(this.mostWorkers.get(name) ?? 0, desired));
    }
    this.totals = await fleet.totals();
    this.operatorMb = Math.max(this.operatorMb, await operator.residentMb());
    for (const { process } of gateways) this.gatewayMb = Math.max(this.gatewayMb, await process.residentMb());
  }
}

/** Every worker that is wanted is warm. */
export function isWarm({ groups = [] }: AvatarPoolStatus): boolean {
  return groups.length > 0 && groups.every(({ desired, warm }) => desired > 0 && warm === desired);
}

/** Every group has its original size, and no worker is being removed. */
export function isBackTo(before: readonly GroupStatus[], { groups = [] }: AvatarPoolStatus): boolean {
  return before.every(({ name, desired }) => {
    const group = groups.find((candidate) => candidate.name === name);
    return group !== undefined && group.desired <= desired && group.draining === 0;
  });
}
