import { describe, expect, it } from "vitest";
import { ON_BEHALF, type Participant, roomView } from "./room-view.ts";

const ACTIVE = 2;
const DISCONNECTED = 3;
const STANDARD = 0;
const EGRESS = 2;
const AGENT = 4;

const one = (identity: string, kind: number, more: Partial<Participant> = {}): Participant => ({
  identity,
  kind,
  state: ACTIVE,
  attributes: {},
  ...more,
});
const human = one("human", STANDARD);
const agent = one("agent-1", AGENT);
const avatar = one("bithuman-avatar-agent", AGENT, { attributes: { [ON_BEHALF]: "agent-1" } });

describe("an avatar's room", () => {
  it.each([
    ["its agent and a human", [avatar, agent, human], true],
    ["its agent alone", [avatar, agent], true],
    ["a human whose agent has left", [avatar, human], false],
    ["a human and another agent, whose avatar has not joined yet", [avatar, human, one("agent-2", AGENT)], false],
    ["a disconnected agent", [avatar, { ...agent, state: DISCONNECTED }], false],
    ["a recorder", [avatar, one("egress", EGRESS)], false],
    ["no other participant", [avatar], false],
  ])("with %s", (_, participants, principal) => {
    expect(roomView(participants)).toEqual({ avatar: true, principal });
  });

  it.each([
    ["an agent that waits for it", [agent], true],
    ["a human", [human], true],
    ["a recorder", [one("egress", EGRESS)], false],
    ["no participant", [], false],
  ])("before the avatar joined, with %s", (_, participants, principal) => {
    expect(roomView(participants)).toEqual({ avatar: false, principal });
  });

  it.each([
    ["its agent and its avatar", [avatar, agent, human], { avatar: true, principal: true }],
    ["its agent, and the previous agent's avatar", [avatar, one("agent-2", AGENT)], { avatar: false, principal: true }, "agent-2"],
    ["the previous agent, and its avatar", [avatar, agent], { avatar: false, principal: false }, "agent-2"],
    ["the next agent", [avatar, one("agent-2", AGENT)], { avatar: true, principal: false }],
    ["a human", [human], { avatar: false, principal: false }],
  ])("of a known agent, with %s", (_, participants, view, whose = "agent-1") => {
    expect(roomView(participants, whose)).toEqual(view);
  });

  it("is in use while one of several avatars has its agent", () => {
    const other = one("second-avatar", AGENT, { attributes: { [ON_BEHALF]: "agent-2" } });
    expect(roomView([avatar, agent, other])).toEqual({ avatar: true, principal: true });
  });
});
