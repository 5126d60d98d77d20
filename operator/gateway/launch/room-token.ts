import { ON_BEHALF } from "../sessions/room-view.ts";

/** The participant of a room token. LiveKit verifies the token, the gateway does not. */
export interface RoomToken {
  /** The participant's identity (`sub`); undefined if the token has none. */
  readonly identity: string | undefined;
  /** Identity of the avatar's agent (`attributes["lk.publish_on_behalf"]`); undefined if the token names none. */
  readonly agent: string | undefined;
}

interface TokenClaims {
  readonly sub?: unknown;
  readonly attributes?: Readonly<Record<string, unknown>> | null;
}

/** Reads a LiveKit room token. Never throws: a token that is not a JWT has no identity. */
export function readRoomToken(token: string): RoomToken {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as TokenClaims | null;
    return { identity: nameIn(claims?.sub), agent: nameIn(claims?.attributes?.[ON_BEHALF]) };
  } catch {
    return { identity: undefined, agent: undefined };
  }
}

function nameIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
