import type { WebhookEvent } from "livekit-server-sdk";
import { isAvatar } from "./room-view.ts";

/** `TrackType.VIDEO` of LiveKit: importing the enum would load the SDK into every gateway. */
const VIDEO = 1;

/** The LiveKit webhook events that matter to sessions. */
export type RoomEvent =
  /** A participant left, perhaps the agent. */
  | { readonly kind: "left"; readonly room: string }
  | { readonly kind: "finished"; readonly room: string }
  | { readonly kind: "avatar-joined"; readonly room: string }
  /** A participant published its video track: clients show the first frame a moment later. */
  | { readonly kind: "video"; readonly room: string; readonly identity: string };

type Event = Pick<WebhookEvent, "event" | "room" | "participant" | "track">;

/** @returns undefined for events that do not matter to sessions. */
export function roomEvent({ event, room: where, participant, track }: Event): RoomEvent | undefined {
  const room = where?.name ?? "";
  if (room === "") return undefined;
  switch (event) {
    case "room_finished":
      return { kind: "finished", room };
    case "participant_left":
    case "participant_connection_aborted":
      return { kind: "left", room };
    case "participant_joined":
      return participant !== undefined && isAvatar(participant) ? { kind: "avatar-joined", room } : undefined;
    case "track_published":
      return track?.type === VIDEO ? { kind: "video", room, identity: participant?.identity ?? "" } : undefined;
    default:
      return undefined;
  }
}
