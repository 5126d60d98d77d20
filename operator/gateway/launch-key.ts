import { createHash } from "node:crypto";
import { type PoolConfig, poolKey } from "../api/pool-config.ts";
import type { AvatarChoice, LaunchRequest } from "../engines/index.ts";
import { tokenIdentity } from "./token-identity.ts";

/**
 * What makes two requests the same launch: pool, LiveKit server, room, the identity with which the avatar joins it, and the
 * avatar. As a hash: neither names nor tokens are kept by it.
 */
export function launchKey(pool: PoolConfig, request: LaunchRequest): string {
  const { livekitUrl, roomName, livekitToken, avatar } = request;
  const hash = createHash("sha256");
  // A token without an identity stands for itself.
  for (const part of [poolKey(pool), livekitUrl, roomName, tokenIdentity(livekitToken) ?? livekitToken, ...partsOf(avatar)]) {
    // The length goes first: no two lists of parts read the same.
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest("base64url");
}

function partsOf(avatar: AvatarChoice): readonly (string | Buffer)[] {
  switch (avatar.kind) {
    case "preset":
      return [avatar.kind, avatar.name];
    case "imageUrl":
      return [avatar.kind, avatar.url];
    case "imageFile":
      return [avatar.kind, avatar.file.data];
  }
}
