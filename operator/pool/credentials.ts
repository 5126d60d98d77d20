import type { V1Secret } from "@kubernetes/client-node";
import type { PoolConfig } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { secrets } from "../kube/resource-types.ts";
import type { Json, ObjectRef } from "../kube/types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Credentials } from "./snapshot.ts";

/** A Secret that was there is looked at again after this time, one that was not much sooner. */
const KEEP_FOUND_MS = 30_000;
const KEEP_MISSING_MS = 3_000;
const MAX_KEPT = 10_000;

type Look = { readonly keys: readonly string[] | undefined } | { readonly failed: string };

/**
 * Looks whether Secrets and their keys exist. Secrets are not watched, so that the operator needs the right to read those
 * that pools name and no more; of what is read only the names of the keys are kept.
 */
export class CredentialsCheck {
  readonly #client: Pick<KubeClient, "get">;
  readonly #clock: Clock;
  readonly #looks = new Map<string, { readonly atMs: number; readonly look: Promise<Look> }>();

  constructor(client: Pick<KubeClient, "get">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async of(pool: PoolConfig): Promise<Credentials> {
    const { name, key } = pool.apiSecretRef;
    const look = await this.#look({ namespace: pool.namespace, name }, key);
    if ("failed" in look) return { kind: "unknown", why: look.failed };
    if (look.keys === undefined) return { kind: "no-secret" };
    return look.keys.includes(key) ? { kind: "present" } : { kind: "no-key", keys: look.keys };
  }

  async #look(ref: ObjectRef, wantedKey: string): Promise<Look> {
    const id = `${ref.namespace}/${ref.name}`;
    const nowMs = this.#clock.now();
    const known = this.#looks.get(id);
    if (known !== undefined) {
      const look = await known.look;
      const complete = "keys" in look && look.keys?.includes(wantedKey) === true;
      if (nowMs - known.atMs < (complete ? KEEP_FOUND_MS : KEEP_MISSING_MS)) return look;
    }
    if (this.#looks.size >= MAX_KEPT) this.#looks.clear();
    const look = this.#fetch(ref);
    this.#looks.set(id, { atMs: nowMs, look });
    return look;
  }

  async #fetch(ref: ObjectRef): Promise<Look> {
    try {
      const secret = await this.#client.get<Json<V1Secret>>(secrets, ref);
      return { keys: secret === undefined ? undefined : Object.keys(secret.data ?? {}) };
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  }
}
