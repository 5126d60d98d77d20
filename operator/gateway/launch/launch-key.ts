import { createHash } from "node:crypto";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { AvatarChoice, LaunchRequest } from "../../engines/index.ts";
import { tokenIdentity } from "./token-identity.ts";

/**
 * What makes two requests the same launch: pool, LiveKit server, room, the identity with which the avatar joins it, and the
 * avatar. As a hash: neither names nor tokens are kept by it.
 */
export function launchKey(pool: PoolConfig, request: LaunchRequest): string {
  const { livekitUrl, roomName, livekitToken, avatar } = request;
  const identity = tokenIdentity(livekitToken);
  // A token without an identity stands for itself.
  const texts = [poolKey(pool), livekitUrl, roomName, identity ?? livekitToken, avatar.kind];
  // The length goes first: no two lists read the same. All in one: every update costs as much as a kilobyte.
  const hash = createHash("sha256").update(texts.map((text) => `${text.length}:${text}`).join(""));
  return hash.update(faceOf(avatar)).digest("base64url");
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
