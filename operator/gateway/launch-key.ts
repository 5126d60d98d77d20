import { createHash } from "node:crypto";
import { type PoolConfig, poolKey } from "../api/pool-config.ts";
import type { AvatarChoice, LaunchRequest } from "../engines/index.ts";

/**
 * What makes two requests the same launch: pool, LiveKit server, room, the identity with which the avatar joins it, and the
 * avatar. As a hash: neither names nor tokens are kept by it.
 */
export function launchKey(pool: PoolConfig, request: LaunchRequest): string {
  const { livekitUrl, roomName, livekitToken, avatar } = request;
  const hash = createHash("sha256");
  for (const part of [poolKey(pool), livekitUrl, roomName, identityIn(livekitToken), ...partsOf(avatar)]) {
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

/** The participant's identity by a room token's `sub`; the token itself, which is LiveKit's to verify, where it has none. */
function identityIn(token: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const { sub } = claims as { readonly sub?: unknown };
    return typeof sub === "string" ? sub : token;
  } catch {
    return token;
  }
}
