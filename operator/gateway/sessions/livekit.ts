import type { RoomServiceClient, WebhookEvent } from "livekit-server-sdk";
import type { PoolConfig } from "../../api/pool-config.ts";
import { RETRY_MS, type SecretLookup } from "../../kube/secret-lookup.ts";
import { LaunchError } from "../errors.ts";
import { type RoomView, roomView } from "./room-view.ts";

const REQUEST_TIMEOUT_S = 5;

/** The LiveKit servers that pools name: who is in a room, and what their webhooks say. */
export class Livekit {
  readonly #secrets: SecretLookup;

  constructor(secrets: SecretLookup) {
    this.#secrets = secrets;
  }

  /**
   * @param agent identity of the session's agent, where it is known.
   * @throws when the pool's key cannot be read, or its server does not answer.
   */
  async lookAt(pool: PoolConfig, room: string, agent?: string): Promise<RoomView> {
    const { RoomServiceClient } = await sdk();
    const { url, key, secret } = await this.#server(pool);
    const client: RoomServiceClient = new RoomServiceClient(url, key, secret, {
      requestTimeout: REQUEST_TIMEOUT_S,
      failover: false,
    });
    return roomView(await client.listParticipants(room), agent);
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
        retryAfterMs: RETRY_MS,
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

  async #server(pool: PoolConfig): Promise<{ readonly url: string; readonly key: string; readonly secret: string }> {
    const { livekit, namespace } = pool;
    if (livekit === undefined) throw noLivekit(pool);
    const { name, keyKey, secretKey } = livekit.apiKeyRef;
    const [key = "", secret = ""] = await this.#secrets.values({ namespace, name }, [keyKey, secretKey]);
    return { url: livekit.url, key, secret };
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
