import type { PoolConfig } from "../../operator/api/pool-config.ts";
import { poolKey } from "../../operator/api/pool-config.ts";
import type { SimGateway } from "./gateway.ts";
import type { Witness } from "./witness.ts";

/** Four probes of a second each, of a busy worker; the last good one a second earlier; and a list of tasks. */
const TOLD_WITHIN_MS = 15_000;

interface LostWorld {
  readonly clock: { now(): number };
  readonly witness: Witness;
  readonly gateways: readonly SimGateway[];
  readonly pool: PoolConfig;
}

/** Promise 6 for sessions: a session that died with its pod or machine leaves every gateway's load within seconds. */
export class LostSessionsWatch {
  /** By UID of the pod, with the time of its end, oldest first. */
  readonly #dead = new Map<string, number>();

  /** Sessions ended with their pod, which does not return. */
  died(uid: string, nowMs: number): void {
    if (!this.#dead.has(uid)) this.#dead.set(uid, nowMs);
  }

  look({ clock, witness, gateways, pool }: LostWorld): void {
    for (const [uid, diedMs] of this.#dead) {
      if (clock.now() - diedMs < TOLD_WITHIN_MS) return;
      this.#dead.delete(uid);
      for (const { name, core } of gateways) {
        const worker = core.state(poolKey(pool))?.workers.find((each) => each.uid === uid);
        if (worker !== undefined && worker.sessions > 0)
          witness.broken(6, `${name} counts ${worker.sessions} sessions of ${worker.pod}, which died ${TOLD_WITHIN_MS} ms ago`);
      }
    }
  }
}
