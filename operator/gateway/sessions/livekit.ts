import type { AgentDispatch, WebhookEvent } from "livekit-server-sdk";
import type { PoolConfig } from "../../api/pool-config.ts";
import { RETRY_MS, type SecretLookup } from "../../kube/secret-lookup.ts";
import { LaunchError } from "../errors.ts";
import { type RoomView, roomView } from "./room-view.ts";
import type { OpenRoom } from "./rooms-to-read.ts";
import type { Dispatch } from "./untaken-jobs.ts";

const options = { requestTimeout: 5, failover: false };
const NS_PER_MS = 1_000_000n;

/** Reads rooms and verifies webhooks of the LiveKit servers that pools name. */
export class Livekit {
  readonly #secrets: SecretLookup;

  constructor(secrets: SecretLookup) {
    this.#secrets = secrets;
  }

  /**
   * Reads the participants of a room.
   * @param agent identity of the session's agent, if it is known.
   * @throws if the pool's key cannot be read, or if its server does not answer.
   */
  async viewRoom(pool: PoolConfig, room: string, agent?: string): Promise<RoomView> {
    const { RoomServiceClient } = await sdk();
    const { url, key, secret } = await this.#server(pool);
    return roomView(await new RoomServiceClient(url, key, secret, options).listParticipants(room), agent);
  }

  /**
   * The rooms with participants.
   * @throws as {@link viewRoom}.
   */
  async rooms(pool: PoolConfig): Promise<readonly OpenRoom[]> {
    const { RoomServiceClient } = await sdk();
    const { url, key, secret } = await this.#server(pool);
    const rooms = await new RoomServiceClient(url, key, secret, options).listRooms();
    return rooms
      .filter(({ numParticipants }) => numParticipants > 0)
      .map(({ sid: id, name, creationTimeMs }) => ({ id, name, createdAtMs: Number(creationTimeMs) }));
  }

  /**
   * The requests for agents in a room.
   * @throws as {@link viewRoom}.
   */
  async dispatches(pool: PoolConfig, room: string): Promise<readonly Dispatch[]> {
    const { AgentDispatchClient } = await sdk();
    const { url, key, secret } = await this.#server(pool);
    return (await new AgentDispatchClient(url, key, secret, options).listDispatch(room)).map(dispatchOf);
  }

  /**
   * Verifies and reads a webhook of the pool's LiveKit server.
   * @throws LaunchError 401 if the signature does not match the pool's key, 404 if the pool names no server, 503 if the key
   * cannot be read now.
   */
  async webhook(pool: PoolConfig, body: string, authorization: string | undefined): Promise<WebhookEvent> {
    if (pool.livekit === undefined) throw noLivekit(pool);
    const { WebhookReceiver } = await sdk();
    const { key, secret } = await this.#server(pool).catch((cause: unknown) => {
      const message = `LiveKit's signature cannot be checked: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw new LaunchError(503, "auth_unavailable", message, { retryAfterMs: RETRY_MS, cause });
    });
    try {
      return await new WebhookReceiver(key, secret).receive(body, authorization);
    } catch (cause) {
      const message = "the webhook is not signed with the key of livekit.apiKeyRef: use the same key in LiveKit's webhook settings";
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

function dispatchOf({ id, agentName: agent, state }: AgentDispatch): Dispatch {
  return { id, agent, createdAtMs: Number((state?.createdAt ?? 0n) / NS_PER_MS), taken: (state?.jobs.length ?? 0) > 0 };
}

/** Loads the SDK on first use: it is large, and few pools name a LiveKit server. */
function sdk(): Promise<typeof import("livekit-server-sdk")> {
  return import("livekit-server-sdk");
}

function noLivekit({ namespace, name }: PoolConfig): LaunchError {
  const message = `pool ${namespace}/${name} has no LiveKit server: set livekit.url and livekit.apiKeyRef`;
  return new LaunchError(404, "not_found", message);
}
