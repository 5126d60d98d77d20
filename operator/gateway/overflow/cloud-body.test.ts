import { expect, it } from "vitest";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { AvatarChoice, LaunchRequest } from "../../engines/index.ts";
import { cloudBody } from "./cloud-body.ts";

const pool = testPool();

function bodyOf(avatar: AvatarChoice, more: Partial<LaunchRequest> = {}): unknown {
  const request = { livekitUrl: "wss://x", livekitToken: "jwt", roomName: "room", asyncMode: true, avatar, ...more };
  const body = cloudBody(pool, request);
  return body && JSON.parse(body());
}

const room = { livekit_url: "wss://x", livekit_token: "jwt", room_name: "room", mode: "gpu" };
const agent: AvatarChoice = { kind: "preset", name: "maya", asset: { kind: "avatarId", avatarId: "A12" } };

it.each<[string, AvatarChoice, object]>([
  ["a preset that has its own id in the cloud", agent, { agent_id: "A12" }],
  [
    "a preset with an image by its URL",
    { ...agent, asset: { kind: "image", url: "https://a/b.jpg" } },
    { image: "https://a/b.jpg" },
  ],
  ["a custom image by its URL", { kind: "imageUrl", url: "https://a/c.jpg" }, { image: "https://a/c.jpg" }],
  [
    "an uploaded image in base64",
    { kind: "imageFile", file: { filename: "face.jpg", contentType: "image/jpeg", data: Buffer.from("face") } },
    { image: Buffer.from("face").toString("base64") },
  ],
])("the body for the cloud contains %s", (_what, avatar, expected) => {
  expect(bodyOf(avatar)).toEqual({ ...room, ...expected });
});

it("the body omits a client's .imx file and a prompt: the cloud's API has no field for them", () => {
  expect(bodyOf({ kind: "preset", name: "leo", asset: { kind: "model", url: "https://a/leo.imx" } })).toBeUndefined();
  expect(bodyOf(agent, { prompt: "smile" })).toBeUndefined();
});

it("the body does not contain a client's own API secret", () => {
  expect(bodyOf(agent, { apiSecret: "secret" })).toEqual({ ...room, agent_id: "A12" });
});
