import { once } from "node:events";
import { AccessToken } from "livekit-server-sdk";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "./server.ts";

export interface Participant {
  leave(): Promise<void>;
}

/**
 * Joins a room by LiveKit's signalling alone, without media. The server lists it as a participant.
 * It must leave within a minute: later the server removes the participant and no longer closes its connection.
 */
export async function join(
  url: string,
  room: string,
  who: { readonly identity: string; readonly kind?: "standard" | "agent"; readonly attributes?: Record<string, string> },
): Promise<Participant> {
  const token = new AccessToken(LIVEKIT_KEY, LIVEKIT_SECRET, { identity: who.identity, attributes: who.attributes ?? {} });
  token.kind = who.kind ?? "standard";
  token.addGrant({ roomJoin: true, room, agent: who.kind === "agent" });
  const socket = new WebSocket(`${url}/rtc?access_token=${await token.toJwt()}&protocol=15&sdk=js&auto_subscribe=0`);
  socket.binaryType = "arraybuffer";
  await once(socket, "message");
  return {
    leave: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}
