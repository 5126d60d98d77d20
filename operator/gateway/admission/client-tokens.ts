import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../runtime/clock.ts";
import { isTimeout, withDeadline } from "../../runtime/deadline.ts";

/** How long what was read of a Secret counts without a look: a token that is taken away is refused after this. */
const KEEP_MS = 10_000;
/** After a failure, and before an unknown token is looked for again: neither may flood the API server. */
const PAUSE_MS = 1_000;
/** Longest that a launch waits for the API server; then what was last read counts. */
const READ_TIMEOUT_MS = 2_000;
const MAX_SECRETS = 10_000;

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
}

/** Reads one Secret. @returns its values by key; undefined when there is no such Secret. */
export type ReadSecret = (ref: SecretRef, signal: AbortSignal) => Promise<ReadonlyMap<string, string> | undefined>;

export type TokenVerdict =
  | { readonly kind: "known"; readonly client: string }
  | { readonly kind: "unknown" }
  /** Nothing was ever read of the Secret. */
  | { readonly kind: "unavailable"; readonly why: string };

interface ClientDigest {
  readonly client: string;
  readonly digest: Buffer;
}

interface Entry {
  /** Stays when a later look fails: an API server that is away locks nobody out. */
  clients: readonly ClientDigest[] | undefined;
  why: string;
  lookedMs: number;
  failed: boolean;
  looking: Promise<void> | undefined;
}

/**
 * Whose token it is, by the Secrets that pools name: every key the name of a client, every value its token. Secrets are read
 * when a launch needs them and kept for seconds, as digests; no right to list or watch Secrets is needed.
 */
export class ClientTokens {
  readonly #read: ReadSecret;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: { readonly read: ReadSecret; readonly clock: Clock }) {
    this.#read = deps.read;
    this.#clock = deps.clock;
  }

  async clientOf(ref: SecretRef, token: string): Promise<TokenVerdict> {
    const entry = this.#entry(keyOf(ref));
    await this.#refresh(entry, ref);
    const client = find(entry.clients, token);
    if (client !== undefined) return { kind: "known", client };
    // It may be newer than what we know.
    if (this.#ageMs(entry) >= PAUSE_MS) {
      await this.#look(entry, ref);
      const found = find(entry.clients, token);
      if (found !== undefined) return { kind: "known", client: found };
    }
    return entry.clients === undefined ? { kind: "unavailable", why: entry.why } : { kind: "unknown" };
  }

  /** Whether this is a token of the Secret as it was last read. */
  isKnown(ref: SecretRef, token: string): boolean {
    return find(this.#entries.get(keyOf(ref))?.clients, token) !== undefined;
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= MAX_SECRETS && oldest !== undefined) this.#entries.delete(oldest);
    const entry: Entry = { clients: undefined, why: "", lookedMs: Number.NEGATIVE_INFINITY, failed: false, looking: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  #ageMs(entry: Entry): number {
    return this.#clock.now() - entry.lookedMs;
  }

  /** Only the first launches of an outage wait for an API server that does not answer. */
  async #refresh(entry: Entry, ref: SecretRef): Promise<void> {
    if (this.#ageMs(entry) < (entry.failed ? PAUSE_MS : KEEP_MS)) return;
    const mustWait = !entry.failed || entry.clients === undefined;
    const look = this.#look(entry, ref);
    if (mustWait) await look;
  }

  /** One look at a time: launches that come meanwhile wait for the same. Never throws. */
  #look(entry: Entry, ref: SecretRef): Promise<void> {
    entry.looking ??= this.#readInto(entry, ref).finally(() => {
      entry.lookedMs = this.#clock.now();
      entry.looking = undefined;
    });
    return entry.looking;
  }

  async #readInto(entry: Entry, ref: SecretRef): Promise<void> {
    try {
      const values = await withDeadline(this.#clock, READ_TIMEOUT_MS, (signal) => this.#read(ref, signal));
      entry.failed = values === undefined;
      entry.clients = values === undefined ? undefined : digests(values);
      entry.why = `Secret ${ref.name} of launch.auth does not exist in namespace ${ref.namespace}: create it`;
    } catch (error) {
      entry.failed = true;
      entry.why = whyUnread(ref, error);
    }
  }
}

function keyOf({ namespace, name }: SecretRef): string {
  return `${namespace}/${name}`;
}

function digests(values: ReadonlyMap<string, string>): readonly ClientDigest[] {
  return [...values]
    .map(([client, value]) => ({ client, token: value.trim() }))
    .filter(({ token }) => token !== "")
    .map(({ client, token }) => ({ client, digest: digestOf(token) }));
}

/** Looks at every token, whether one was found or not: the time that it takes says nothing. */
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

function whyUnread({ namespace, name }: SecretRef, error: unknown): string {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 403) {
    return `the gateway may not read Secret ${name} in namespace ${namespace}: set gateway.secretAccess in the chart's values`;
  }
  return `Secret ${name} in namespace ${namespace} could not be read: the API server ${isTimeout(error) ? "did not answer in time" : "failed"}`;
}
