import { describe, expect, it } from "vitest";
import { roomToken } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { AvatarChoice, LaunchRequest } from "../../engines/index.ts";
import { launchKeys } from "./launch-key.ts";

const file = (data: string): AvatarChoice => ({
  kind: "imageFile",
  file: { filename: "me.jpg", contentType: "image/jpeg", data: Buffer.from(data) },
});
const keys = (changes: Partial<LaunchRequest> = {}) =>
  launchKeys(testPool(), {
    livekitUrl: "wss://lk",
    livekitToken: roomToken({ identity: "avatar", agent: "agent-1", jti: "1" }),
    roomName: "room",
    avatar: file("face"),
    asyncMode: true,
    ...changes,
  });

describe("the key of a launch", () => {
  it("is equal for a retry, also with a newer token of the same participant and agent", () => {
    const livekitToken = roomToken({ identity: "avatar", agent: "agent-1", jti: "2" });
    expect(keys({ livekitToken, asyncMode: false }).launch).toBe(keys().launch);
  });

  it.each<[string, Partial<LaunchRequest>]>([
    ["room", { roomName: "room2" }],
    ["LiveKit server", { livekitUrl: "wss://lk2" }],
    ["participant", { livekitToken: roomToken({ identity: "second-avatar", agent: "agent-1" }) }],
    ["agent", { livekitToken: roomToken({ identity: "avatar", agent: "agent-2" }) }],
    ["token that names no agent", { livekitToken: roomToken({ identity: "avatar" }) }],
    ["token that names no participant", { livekitToken: "opaque" }],
    ["image", { avatar: file("other face") }],
    ["kind of avatar", { avatar: { kind: "imageUrl", url: "face" } }],
  ])("differs with the %s", (_what, changes) => {
    expect(keys(changes).launch).not.toBe(keys().launch);
  });

  it("depends on the token itself if the token names no agent", () => {
    const of = (jti: string) => keys({ livekitToken: roomToken({ identity: "avatar", jti }) }).launch;
    expect(of("1")).toBe(of("1"));
    expect(of("1")).not.toBe(of("2"));
  });

  it("contains no token", () => {
    expect(keys().launch).toMatch(/^[\w-]{43}$/);
  });
});

describe("the seat of a launch", () => {
  it("depends on the participant only, not on the agent or avatar", () => {
    const livekitToken = roomToken({ identity: "avatar", agent: "agent-2" });
    expect(keys({ livekitToken, avatar: file("other") }).seat).toBe(keys().seat);
    expect(keys({ livekitToken: roomToken({ identity: "second", agent: "agent-1" }) }).seat).not.toBe(keys().seat);
    expect(keys({ livekitUrl: "wss://lk2" }).seat).not.toBe(keys().seat);
    expect(keys({ livekitToken: "opaque" }).seat).toBeUndefined();
  });
});
