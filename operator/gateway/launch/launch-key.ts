import { createHash } from "node:crypto";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { AvatarChoice, LaunchRequest } from "../../engines/index.ts";
import { type RoomToken, readRoomToken } from "./room-token.ts";

/** Hashes that identify launches. They contain neither names nor tokens. */
export interface LaunchKeys extends RoomToken {
  /** Requests with the same value are the same launch. */
  readonly launch: string;
  /** The room: pool, LiveKit server and room name. */
  readonly room: string;
  /**
   * The participant in the room. LiveKit keeps one participant of an identity: of two sessions with the same seat, the newer one
   * replaces the older one. Undefined if the token has no identity.
   */
  readonly seat: string | undefined;
}

/**
 * A launch is the same if pool, LiveKit server, room, identity, agent and avatar are the same. The agent is that of the token's
 * attribute `lk.publish_on_behalf`. A token without this attribute or without an identity stands for itself.
 */
export function launchKeys(pool: PoolConfig, { livekitUrl, roomName, livekitToken, avatar }: LaunchRequest): LaunchKeys {
  const token = readRoomToken(livekitToken);
  const { identity, agent } = token;
  const room = [poolKey(pool), livekitUrl, roomName];
  const who = identity === undefined || agent === undefined ? ["token", livekitToken] : [identity, agent];
  return {
    ...token,
    launch: hashOf([...room, ...who, avatar.kind], faceOf(avatar)),
    room: hashOf(room),
    seat: identity === undefined ? undefined : hashOf([...room, identity]),
  };
}

function hashOf(texts: readonly string[], last: string | Buffer = ""): string {
  // Lengths keep the lists distinct. One update: each costs as much as hashing a kilobyte.
  const hash = createHash("sha256").update(texts.map((text) => `${text.length}:${text}`).join(""));
  return hash.update(last).digest("base64url");
}

function faceOf(avatar: AvatarChoice): string | Buffer {
  switch (avatar.kind) {
    case "preset":
      return avatar.name;
    case "imageUrl":
      return avatar.url;
    case "imageFile":
      return avatar.file.data;
  }
}
