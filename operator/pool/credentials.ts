import type { PoolConfig } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { isForbidden } from "../kube/errors.ts";
import { SecretCache, type SecretRead, type SecretValues, secretReader } from "../kube/secret-cache.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Credentials, SecretProblem } from "./snapshot.ts";

/** Whether each key of a Secret has a value; the values are not kept. */
type Keys = ReadonlyMap<string, boolean>;

/**
 * Checks whether Secrets and their keys exist. The operator does not watch Secrets, so that it needs only the right to read
 * those that pools name.
 */
export class CredentialsCheck {
  readonly #secrets: SecretCache<Keys>;

  constructor(client: Pick<KubeClient, "get">, clock: Clock) {
    const view = (values: SecretValues): Keys => new Map([...values].map(([key, value]) => [key, value !== ""]));
    this.#secrets = new SecretCache({ read: secretReader(client), clock, view, keepMs: 30_000, retryMs: 3_000 });
  }

  async of(pool: PoolConfig): Promise<Credentials> {
    const { name, key } = pool.apiSecretRef;
    const { view, error } = await this.#secrets.get({ namespace: pool.namespace, name }, (keys) => keys.has(key));
    if (error !== undefined) return { kind: "unknown", why: whyUnread(error) };
    if (view === undefined) return { kind: "no-secret" };
    return view.has(key) ? { kind: "present" } : { kind: "no-key", keys: [...view.keys()] };
  }

  /** Problems of the other Secrets that the pool names: clients' tokens, and LiveKit's key. */
  async problems({ namespace, launch, livekit }: PoolConfig): Promise<readonly SecretProblem[]> {
    const check = async (
      field: SecretProblem["field"],
      name: string,
      problemIn: (keys: Keys) => SecretProblem["problem"] | undefined,
    ): Promise<readonly SecretProblem[]> => {
      const read = await this.#secrets.get({ namespace, name }, (keys) => problemIn(keys) === undefined);
      const problem = readProblem(read) ?? problemIn(read.view ?? new Map());
      return problem === undefined ? [] : [{ field, name, problem }];
    };
    const hasToken = (keys: Keys) => [...keys.values()].includes(true);
    const tokens =
      launch.auth &&
      check("launch.auth", launch.auth.secretRef.name, (keys) => (hasToken(keys) ? undefined : { kind: "no-tokens" }));
    const livekitKey =
      livekit &&
      check("livekit.apiKeyRef", livekit.apiKeyRef.name, (keys) => {
        const missing = [livekit.apiKeyRef.keyKey, livekit.apiKeyRef.secretKey].filter((key) => keys.get(key) !== true);
        return missing.length === 0 ? undefined : { kind: "no-keys", missing };
      });
    return [...((await tokens) ?? []), ...((await livekitKey) ?? [])];
  }
}

function readProblem({ view, error }: SecretRead<Keys>): SecretProblem["problem"] | undefined {
  if (error !== undefined) return { kind: "unknown", why: whyUnread(error) };
  return view === undefined ? { kind: "no-secret" } : undefined;
}

function whyUnread(error: Error): string {
  if (!isForbidden(error)) return error.message;
  return "the operator is not allowed to read it: set operator.secretAccess in the chart's values";
}
