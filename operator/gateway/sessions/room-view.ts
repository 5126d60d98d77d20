import type { ParticipantInfo } from "livekit-server-sdk";

/** The attribute of an avatar that holds the identity of its agent. */
export const ON_BEHALF = "lk.publish_on_behalf";

/** Values of LiveKit's enums: importing the enums would load the SDK into every gateway. */
const DISCONNECTED = 3;
const EGRESS = 2;

/** The participants of a room that matter to an avatar's session. */
export interface RoomView {
  readonly avatar: boolean;
  /** A participant that the avatar works for is in the room. */
  readonly principal: boolean;
}

export type Participant = Pick<ParticipantInfo, "identity" | "attributes" | "state" | "kind">;

/**
 * An avatar publishes on behalf of its agent. After the agent has left, the avatar has nothing to show, even if other participants
 * stay. Before an avatar has joined, every participant counts that is neither an avatar nor a recorder.
 * @param agent identity of the session's agent, if the launch names one. Then only this agent and its avatar count, because the
 * avatar of another agent belongs to another session.
 */
export function roomView(participants: readonly Participant[], agent?: string): RoomView {
  const present = participants.filter(({ state }) => state !== DISCONNECTED);
  const avatars = present.filter(isAvatar);
  const others = present.filter((one) => !isAvatar(one) && one.kind !== EGRESS);
  if (agent !== undefined) {
    const avatar = avatars.some(({ attributes }) => attributes[ON_BEHALF] === agent);
    return { avatar, principal: others.some(({ identity }) => identity === agent) };
  }
  const agents = new Set(avatars.map(({ attributes }) => attributes[ON_BEHALF]));
  const wanted = agents.size === 0 ? others : others.filter(({ identity }) => agents.has(identity));
  return { avatar: agents.size > 0, principal: wanted.length > 0 };
}

export function isAvatar({ attributes }: Pick<Participant, "attributes">): boolean {
  return (attributes[ON_BEHALF] ?? "") !== "";
}
