import type { V1Secret } from "@kubernetes/client-node";
import type { PoolConfig } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { secrets } from "../kube/resource-types.ts";
import type { Json, ObjectRef } from "../kube/types.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Credentials, SecretProblem } from "./snapshot.ts";

/** A Secret that was there is looked at again after this time, one that was not much sooner. */
const KEEP_FOUND_MS = 30_000;
const KEEP_MISSING_MS = 3_000;
const MAX_KEPT = 10_000;

interface Found {
  /** Names of all keys; undefined where there is no such Secret. */
  readonly keys: readonly string[] | undefined;
  /** Of those, the ones whose value is more than white space. */
  readonly filled: readonly string[];
}

type Look = Found | { readonly failed: string };

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
    const look = await this.#look({ namespace: pool.namespace, name }, ({ keys }) => keys?.includes(key) === true);
    if ("failed" in look) return { kind: "unknown", why: look.failed };
    if (look.keys === undefined) return { kind: "no-secret" };
    return look.keys.includes(key) ? { kind: "present" } : { kind: "no-key", keys: look.keys };
  }

  /** What is wrong with the other Secrets that the pool names: clients' tokens, and LiveKit's key. */
  async problems({ namespace, launch, livekit }: PoolConfig): Promise<readonly SecretProblem[]> {
    const problems: SecretProblem[] = [];
    if (launch.auth !== undefined) {
      const { name } = launch.auth.secretRef;
      const look = await this.#look({ namespace, name }, ({ filled }) => filled.length > 0);
      const problem = problemOf(look, ({ filled }) => (filled.length > 0 ? undefined : { kind: "no-tokens" }));
      if (problem !== undefined) problems.push({ field: "launch.auth", name, problem });
    }
    if (livekit !== undefined) {
      const { name, keyKey, secretKey } = livekit.apiKeyRef;
      const missing = ({ filled }: Found) => [keyKey, secretKey].filter((key) => !filled.includes(key));
      const look = await this.#look({ namespace, name }, (found) => missing(found).length === 0);
      const problem = problemOf(look, (found) =>
        missing(found).length === 0 ? undefined : { kind: "no-keys", missing: missing(found) },
      );
      if (problem !== undefined) problems.push({ field: "livekit.apiKeyRef", name, problem });
    }
    return problems;
  }

  /** @param complete whether what was found may be trusted for a while. */
  async #look(ref: ObjectRef, complete: (found: Found) => boolean): Promise<Look> {
    const id = `${ref.namespace}/${ref.name}`;
    const nowMs = this.#clock.now();
    const known = this.#looks.get(id);
    if (known !== undefined) {
      const look = await known.look;
      const keep = "keys" in look && complete(look);
      if (nowMs - known.atMs < (keep ? KEEP_FOUND_MS : KEEP_MISSING_MS)) return look;
    }
    if (this.#looks.size >= MAX_KEPT) this.#looks.clear();
    const look = this.#fetch(ref);
    this.#looks.set(id, { atMs: nowMs, look });
    return look;
  }

  async #fetch(ref: ObjectRef): Promise<Look> {
    try {
      const secret = await this.#client.get<Json<V1Secret>>(secrets, ref);
      if (secret === undefined) return { keys: undefined, filled: [] };
      const entries = Object.entries(secret.data ?? {});
      return { keys: entries.map(([key]) => key), filled: entries.filter(([, value]) => isFilled(value)).map(([key]) => key) };
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  }
}

function problemOf(
  look: Look,
  wrongWith: (found: Found) => SecretProblem["problem"] | undefined,
): SecretProblem["problem"] | undefined {
  if ("failed" in look) return { kind: "unknown", why: look.failed };
  return look.keys === undefined ? { kind: "no-secret" } : wrongWith(look);
}

function isFilled(base64: string): boolean {
  return Buffer.from(base64, "base64").toString("utf8").trim() !== "";
}
