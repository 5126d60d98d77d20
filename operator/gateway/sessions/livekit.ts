import type { RoomServiceClient, WebhookEvent } from "livekit-server-sdk";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import type { ReadSecret } from "../client-tokens.ts";
import { LaunchError } from "../launch-error.ts";
import { type RoomView, roomView } from "./room-view.ts";

/** How long a key that was read counts; and after a failure, until it is read again. */
const KEEP_MS = 30_000;
const PAUSE_MS = 5_000;
const READ_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_S = 5;
const MAX_POOLS = 1_000;

interface ApiKey {
  readonly key: string;
  readonly secret: string;
}

interface Entry {
  readonly apiKey: Promise<ApiKey>;
  /** Of what it was read: another one must not be mistaken for it. */
  readonly ref: string;
  untilMs: number;
}

/** The LiveKit servers that pools name: who is in a room, and what their webhooks say. */
export class Livekit {
  readonly #read: ReadSecret;
  readonly #clock: Clock;
  /** By the pool's key; oldest first. */
  readonly #keys = new Map<string, Entry>();

  constructor(deps: { readonly read: ReadSecret; readonly clock: Clock }) {
    this.#read = deps.read;
    this.#clock = deps.clock;
  }

  /** @throws when the pool's key cannot be read, or its server does not answer. */
  async lookAt(pool: PoolConfig, room: string): Promise<RoomView> {
    const { RoomServiceClient } = await sdk();
    const { url, key, secret } = await this.#server(pool);
    const client: RoomServiceClient = new RoomServiceClient(url, key, secret, {
      requestTimeout: REQUEST_TIMEOUT_S,
      failover: false,
    });
    return roomView(await client.listParticipants(room));
  }

  /**
   * Reads a webhook of the pool's LiveKit server.
   * @throws LaunchError 401 where its signature is not that of the pool's key, 404 where the pool has none, 503 where it cannot
   * be read now.
   */
  async webhook(pool: PoolConfig, body: string, authorization: string | undefined): Promise<WebhookEvent> {
    if (pool.livekit === undefined) throw noLivekit(pool);
    const { WebhookReceiver } = await sdk();
    const { key, secret } = await this.#server(pool).catch((cause: unknown) => {
      throw new LaunchError(503, "auth_unavailable", `LiveKit's signature cannot be checked: ${said(cause)}`, {
        retryAfterMs: PAUSE_MS,
        cause,
      });
    });
    try {
      return await new WebhookReceiver(key, secret).receive(body, authorization);
    } catch (cause) {
      const message =
        "this is not signed with the key that livekit.apiKeyRef names: use the same key in LiveKit's webhook settings";
      throw new LaunchError(401, "unauthorized", message, { cause });
    }
  }

  async #server(pool: PoolConfig): Promise<ApiKey & { readonly url: string }> {
    const { livekit, namespace } = pool;
    if (livekit === undefined) throw noLivekit(pool);
    const { name, keyKey, secretKey } = livekit.apiKeyRef;
    const ref = [namespace, name, keyKey, secretKey].join("/");
    const nowMs = this.#clock.now();
    const known = this.#keys.get(pool.uid);
    if (known?.ref === ref && nowMs < known.untilMs) return { url: livekit.url, ...(await known.apiKey) };
    const entry: Entry = { ref, untilMs: nowMs + KEEP_MS, apiKey: this.#apiKey({ namespace, name }, keyKey, secretKey) };
    // An API server that is away takes no key away that was read before.
    const before = known?.ref === ref ? known.apiKey : undefined;
    const apiKey = before === undefined ? entry.apiKey : entry.apiKey.catch(() => before);
    this.#keep(pool.uid, { ...entry, apiKey });
    return { url: livekit.url, ...(await apiKey) };
  }

  #keep(pool: string, entry: Entry): void {
    this.#keys.delete(pool);
    this.#keys.set(pool, entry);
    entry.apiKey.catch(() => {
      entry.untilMs = this.#clock.now() + PAUSE_MS;
    });
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > MAX_POOLS && oldest !== undefined) this.#keys.delete(oldest);
  }

  async #apiKey(ref: { readonly namespace: string; readonly name: string }, keyKey: string, secretKey: string): Promise<ApiKey> {
    const values = await withDeadline(this.#clock, READ_TIMEOUT_MS, (signal) => this.#read(ref, signal));
    const [key, secret] = [keyKey, secretKey].map((name) => values?.get(name)?.trim());
    if (key && secret) return { key, secret };
    throw new Error(`Secret ${ref.name} in namespace ${ref.namespace} does not have the keys ${keyKey} and ${secretKey}`);
  }
}

/** Loaded when first needed: few pools name a LiveKit server, and the SDK is large. */
function sdk(): Promise<typeof import("livekit-server-sdk")> {
  return import("livekit-server-sdk");
}

function noLivekit({ namespace, name }: PoolConfig): LaunchError {
  return new LaunchError(
    404,
    "not_found",
    `pool ${namespace}/${name} names no LiveKit server: set livekit.url and livekit.apiKeyRef`,
  );
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
