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

/** Polls the status of the pool, the totals of the fleet, and the memory of the processes. */
export class Watch implements AsyncDisposable {
  status: AvatarPoolStatus = {};
  totals: FleetTotals = { launches: 0, served: 0, refused503: 0, sessionsEnded: 0, sessionsKilled: 0, kills: [] };
  /** Largest observed resident memory, in MB. */
  operatorMb = 0;
  gatewayMb = 0;
  /** By group: the largest number of wanted workers. */
  readonly mostWorkers = new Map<string, number>();
  readonly #stage: Stage;
  readonly #client: KubeClient;
  readonly #stopped = new AbortController();
  readonly #asking: Promise<void>;

  /** @param onRound called after each round. */
  constructor(stage: Stage, onRound: () => void) {
    this.#stage = stage;
    const config = new KubeConfig();
    config.loadFromFile(stage.plane.kubeconfig);
    this.#client = new KubeClient(config, { userAgent: "avatarpool-demo" });
    this.#asking = this.#ask(onRound);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#asking;
    await this.#client.close();
  }

  async #ask(onRound: () => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      // A failed round leaves the figures as they are; the next round follows soon.
      await this.#round().then(onRound, () => {});
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

/** Every wanted worker is warm. */
export function isWarm({ groups = [] }: AvatarPoolStatus): boolean {
  return groups.length > 0 && groups.every(({ desired, warm }) => desired > 0 && warm === desired);
}

/** Every group has its former size, and no worker is draining. */
export function isBackTo(before: readonly GroupStatus[], { groups = [] }: AvatarPoolStatus): boolean {
  return before.every(({ name, desired }) => {
    const group = groups.find((candidate) => candidate.name === name);
    return group !== undefined && group.desired <= desired && group.draining === 0;
  });
}
