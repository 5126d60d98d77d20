import { expect, it } from "vitest";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { AvatarChoice, LaunchRequest } from "../../engines/index.ts";
import { launchKey } from "./launch-key.ts";

const token = (sub: string, jti: string) => `head.${Buffer.from(JSON.stringify({ sub, jti })).toString("base64url")}.signature`;
const file = (data: string): AvatarChoice => ({
  kind: "imageFile",
  file: { filename: "me.jpg", contentType: "image/jpeg", data: Buffer.from(data) },
});
const key = (changes: Partial<LaunchRequest> = {}) =>
  launchKey(testPool(), {
    livekitUrl: "wss://lk",
    livekitToken: token("avatar", "1"),
    roomName: "room",
    avatar: file("face"),
    asyncMode: true,
    ...changes,
  });

it("is the same for a retry, also one with a newer token of the same participant", () => {
  expect(key({ livekitToken: token("avatar", "2"), asyncMode: false })).toBe(key());
});

it.each<[string, Partial<LaunchRequest>]>([
  ["room", { roomName: "room2" }],
  ["LiveKit server", { livekitUrl: "wss://lk2" }],
  ["participant", { livekitToken: token("second-avatar", "1") }],
  ["token that names nobody", { livekitToken: "opaque" }],
  ["image", { avatar: file("other face") }],
  ["kind of avatar", { avatar: { kind: "imageUrl", url: "face" } }],
])("differs with the %s", (_what, changes) => {
  expect(key(changes)).not.toBe(key());
});

it("keeps no token", () => {
  expect(key()).toMatch(/^[\w-]{43}$/);
});
