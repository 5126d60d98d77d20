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
    ["a human and another agent, who has an avatar of its own to come", [avatar, human, one("agent-2", AGENT)], false],
    ["an agent whose connection is gone", [avatar, { ...agent, state: DISCONNECTED }], false],
    ["a recorder", [avatar, one("egress", EGRESS)], false],
    ["nobody", [avatar], false],
  ])("with %s", (_, participants, somebody) => {
    expect(roomView(participants)).toEqual({ avatar: true, principal: somebody });
  });

  it.each([
    ["an agent that waits for it", [agent], true],
    ["a human", [human], true],
    ["a recorder", [one("egress", EGRESS)], false],
    ["nobody", [], false],
  ])("that it has not joined, with %s", (_, participants, somebody) => {
    expect(roomView(participants)).toEqual({ avatar: false, principal: somebody });
  });

  it.each([
    ["its agent and its avatar", [avatar, agent, human], { avatar: true, principal: true }],
    [
      "its agent, and the avatar of the agent before",
      [avatar, one("agent-2", AGENT)],
      { avatar: false, principal: true },
      "agent-2",
    ],
    ["the agent before, and its avatar", [avatar, agent], { avatar: false, principal: false }, "agent-2"],
    ["the agent after it", [avatar, one("agent-2", AGENT)], { avatar: true, principal: false }],
    ["a human", [human], { avatar: false, principal: false }],
  ])("of a known agent, with %s", (_, participants, view, whose = "agent-1") => {
    expect(roomView(participants, whose)).toEqual(view);
  });

  it("is in use while one of several avatars has its agent: which of them a session is, is not known everywhere", () => {
    const other = one("second-avatar", AGENT, { attributes: { [ON_BEHALF]: "agent-2" } });
    expect(roomView([avatar, agent, other])).toEqual({ avatar: true, principal: true });
  });
});
