import { readRoomToken } from "../../operator/gateway/launch/room-token.ts";

/** A room token as the maker's client creates it: one identity for all avatars, and the agent of the avatar. */
export function simToken(launch: string, signature: string): string {
  const claims = { sub: "bithuman-avatar-agent", attributes: { "lk.publish_on_behalf": launch } };
  return `head.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
}

/** The launch whose agent a token names. */
export function launchOf(token: string): string {
  return readRoomToken(token).agent ?? "";
}
