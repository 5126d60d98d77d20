import { createHash, timingSafeEqual } from "node:crypto";
import { isForbidden } from "../../kube/errors.ts";
import { type ReadSecret, SecretCache, type SecretValues } from "../../kube/secret-cache.ts";
import type { ObjectRef } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { isTimeout } from "../../runtime/deadline.ts";

/** How long a token is accepted after its removal from the Secret. */
const KEEP_MS = 10_000;
/** Guesses must not flood the API server. */
const RETRY_MS = 1_000;

export type TokenVerdict =
  | { readonly kind: "known"; readonly client: string }
  | { readonly kind: "unknown" }
  /** The Secret does not exist, or was never read. */
  | { readonly kind: "unavailable"; readonly why: string };

interface ClientDigest {
  readonly client: string;
  readonly digest: Buffer;
}

/**
 * Finds the client of a token in the Secret that its pool names: each key is the name of a client, each value its token.
 * Only digests of the tokens are kept.
 */
export class ClientTokens {
  readonly #secrets: SecretCache<readonly ClientDigest[]>;

  constructor(deps: { readonly read: ReadSecret; readonly clock: Clock }) {
    this.#secrets = new SecretCache({ ...deps, view: digests, keepMs: KEEP_MS, retryMs: RETRY_MS });
  }

  async clientOf(ref: ObjectRef, token: string): Promise<TokenVerdict> {
    const { view, error } = await this.#secrets.get(ref, (clients) => find(clients, token) !== undefined);
    if (view === undefined) return { kind: "unavailable", why: whyUnread(ref, error) };
    const client = find(view, token);
    return client === undefined ? { kind: "unknown" } : { kind: "known", client };
  }

  /** Whether the token was in the Secret at the last read. */
  isKnown(ref: ObjectRef, token: string): boolean {
    return find(this.#secrets.last(ref), token) !== undefined;
  }
}

function digests(values: SecretValues): readonly ClientDigest[] {
  return [...values].filter(([, token]) => token !== "").map(([client, token]) => ({ client, digest: digestOf(token) }));
}

/** Compares with every token, so that the search takes the same time for every text. */
function find(clients: readonly ClientDigest[] = [], token: string): string | undefined {
  const given = digestOf(token);
  return clients.reduce<string | undefined>((found, { client, digest }) => {
    const same = timingSafeEqual(digest, given);
    return found ?? (same ? client : undefined);
  }, undefined);
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function whyUnread({ namespace, name }: ObjectRef, error: Error | undefined): string {
  const where = `Secret ${name} in namespace ${namespace}`;
  if (error === undefined) return `Secret ${name} of launch.auth does not exist in namespace ${namespace}: create it`;
  if (isForbidden(error)) return `the gateway is not allowed to read ${where}: set gateway.secretAccess in the chart's values`;
  return `failed to read ${where}: the API server ${isTimeout(error) ? "timed out" : "failed"}`;
}
