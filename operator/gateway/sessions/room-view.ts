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
  /** Somebody is there for whom an avatar has work to do. */
  readonly somebody: boolean;
}

export type Participant = Pick<ParticipantInfo, "identity" | "attributes" | "state" | "kind">;

/**
 * An avatar says on whose behalf it speaks: its agent. Once that one has left, the avatar has nothing more to show, whoever else
 * stays. Before an avatar has joined, anybody counts who is neither one nor a recorder.
 * @param agent identity of the session's agent, if its launch says so: then only this agent and its avatar count. The avatar of
 * another agent in the room belongs to another session.
 */
export function roomView(participants: readonly Participant[], agent?: string): RoomView {
  const present = participants.filter(({ state }) => state !== DISCONNECTED);
  const avatars = present.filter(isAvatar);
  const others = present.filter((one) => !isAvatar(one) && one.kind !== EGRESS);
  if (agent !== undefined) {
    const avatar = avatars.some(({ attributes }) => attributes[ON_BEHALF] === agent);
    return { avatar, somebody: others.some(({ identity }) => identity === agent) };
  }
  const agents = new Set(avatars.map(({ attributes }) => attributes[ON_BEHALF]));
  const wanted = agents.size === 0 ? others : others.filter(({ identity }) => agents.has(identity));
  return { avatar: agents.size > 0, somebody: wanted.length > 0 };
}

export function isAvatar({ attributes }: Pick<Participant, "attributes">): boolean {
  return (attributes[ON_BEHALF] ?? "") !== "";
}
