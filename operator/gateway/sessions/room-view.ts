import type { ParticipantInfo } from "livekit-server-sdk";

/** The attribute by which a participant says that it is another one's avatar. */
export const ON_BEHALF = "lk.publish_on_behalf";

/** Values of LiveKit's enums: taking the enums themselves would load its SDK into every gateway. */
const DISCONNECTED = 3;
const EGRESS = 2;

/** Who is in a room, as far as an avatar's session is concerned. */
export interface RoomView {
  /** Some avatar is there. */
  readonly avatar: boolean;
  /** A human, an agent, or anything else that is neither an avatar nor a recorder. */
  readonly somebody: boolean;
}

export type Participant = Pick<ParticipantInfo, "attributes" | "state" | "kind">;

export function roomView(participants: readonly Participant[]): RoomView {
  const present = participants.filter(({ state }) => state !== DISCONNECTED);
  return { avatar: present.some(isAvatar), somebody: present.some((one) => !isAvatar(one) && one.kind !== EGRESS) };
}

export function isAvatar({ attributes }: Pick<Participant, "attributes">): boolean {
  return (attributes[ON_BEHALF] ?? "") !== "";
}
