import { describe, expect, it } from "vitest";
import { agentPool, testPool } from "../../../test/support/gateway/pool.ts";
import { LaunchError } from "../errors.ts";
import type { LaunchForm } from "../launch/launch-form.ts";
import { admit } from "./admit.ts";

const good = { livekit_url: "wss://lk.example.com", livekit_token: "t", room_name: "room-1", avatar_id: "maya" };
const form = (changes: Record<string, string | undefined> = {}, file?: LaunchForm["file"]): LaunchForm => ({
  fields: new Map(Object.entries({ ...good, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  file,
});
const portrait = { field: "avatar_image", filename: "me.jpg", contentType: "image/jpeg", data: Buffer.from("jpeg") };

function refusal(...args: Parameters<typeof admit>) {
  try {
    admit(...args);
  } catch (error) {
    if (error instanceof LaunchError) return { status: error.status, field: error.field, message: error.message };
    throw error;
  }
  return undefined;
}

describe("admit", () => {
  it("converts a form to a launch", () => {
    const request = admit(testPool(), form({ prompt: "smile", api_secret: "s", model: "expression" }), undefined);
    expect(request).toEqual({
      livekitUrl: "wss://lk.example.com",
      livekitToken: "t",
      roomName: "room-1",
      avatar: { kind: "preset", name: "maya", asset: { kind: "image", url: "https://example.com/maya.jpg" } },
      asyncMode: true,
      prompt: "smile",
      apiSecret: "s",
    });
  });

  it("rejects a launch to workers that get their sessions from LiveKit, and states what to do", () => {
    expect(refusal(agentPool(), form(), undefined)).toEqual({
      status: 409,
      message:
        "pool avatars/support takes no launches, because LiveKit dispatches jobs to its workers: dispatch the agent to the room, or add a group that takes launches",
    });
  });

  it.each(["livekit_url", "livekit_token", "room_name"])("rejects a form without %s, and names what to send", (field) => {
    for (const value of [undefined, "", "  "]) {
      expect(refusal(testPool(), form({ [field]: value }), undefined)).toMatchObject({
        status: 400,
        field,
        message: expect.stringContaining("is missing: send"),
      });
    }
  });

  it("rejects https:// with the URL to send", () => {
    expect(refusal(testPool(), form({ livekit_url: "https://lk.example.com/x" }), undefined)).toEqual({
      status: 400,
      field: "livekit_url",
      message: "livekit_url must be ws:// or wss://: write wss://lk.example.com/x",
    });
    expect(refusal(testPool(), form({ livekit_url: "lk.example.com" }), undefined)).toMatchObject({
      status: 400,
      field: "livekit_url",
    });
  });

  it("reads the field async_mode, and prefers ?async=", () => {
    expect(admit(testPool(), form({ async_mode: "false" }), undefined).asyncMode).toBe(false);
    expect(admit(testPool(), form({ async_mode: "false" }), "true").asyncMode).toBe(true);
    expect(refusal(testPool(), form(), "perhaps")).toMatchObject({ status: 400, field: "async" });
  });

  it("lists the presets if avatar_id matches none", () => {
    expect(refusal(testPool(), form({ avatar_id: "tom" }), undefined)).toEqual({
      status: 404,
      field: "avatar_id",
      message: "avatar_id matches no preset of this pool: send one of maya, leo, or add the id to presets[].aliases",
    });
  });

  it("uses the only preset if the form names no avatar, and rejects the form if there are several", () => {
    const [maya] = [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }];
    const single = testPool({ presets: [maya!], workers: [{ name: "gpu", engine: "expression", max: 1 }] });
    expect(admit(single, form({ avatar_id: undefined }), undefined).avatar).toMatchObject({ kind: "preset", name: "maya" });
    expect(refusal(testPool(), form({ avatar_id: undefined }), undefined)).toMatchObject({ status: 400, field: "avatar_id" });
  });

  it("accepts a face image as a file or as a URL", () => {
    expect(admit(testPool(), form({ avatar_id: undefined }, portrait), undefined).avatar).toMatchObject({ kind: "imageFile" });
    const byUrl = form({ avatar_id: "", avatar_image_url: "https://example.com/me.jpg" });
    expect(admit(testPool(), byUrl, undefined).avatar).toEqual({ kind: "imageUrl", url: "https://example.com/me.jpg" });
  });

  it.each([
    ["an invalid image URL", form({ avatar_id: undefined, avatar_image_url: "file:///etc/passwd" }), 400, "avatar_image_url"],
    ["an empty image", form({ avatar_id: undefined }, { ...portrait, data: Buffer.alloc(0) }), 400, "avatar_image"],
    ["a file by another name", form({ avatar_id: undefined }, { ...portrait, field: "portrait" }), 400, "portrait"],
    ["two images", form({ avatar_id: undefined, image: "https://a/b.jpg" }, portrait), 400, "image"],
    ["two presets", form({ agent_id: "leo" }), 400, "avatar_id"],
    ["a very long room name", form({ room_name: "r".repeat(5_000) }), 400, "room_name"],
  ])("rejects %s", (_what, bad, status, field) => {
    expect(refusal(testPool(), bad, undefined)).toMatchObject({ status, field });
  });

  describe("with the maker's ids", () => {
    const presets = [
      { name: "maya", image: { url: "https://example.com/maya.jpg" }, aliases: ["avatar_001", "B7"] },
      { name: "zoe", avatarId: "A91XMB7113" },
    ];
    const pool = testPool({ presets, workers: [{ name: "gpu", engine: "expression", max: 1 }] });
    const closed = { ...pool, launch: { ...pool.launch, allowCustomAvatars: false } };
    const preset = (changes: Record<string, string | undefined>, file?: LaunchForm["file"], of = pool) =>
      admit(of, form({ avatar_id: undefined, ...changes }, file), undefined).avatar;

    it.each(["avatar_id", "agent_id"])("matches a preset's name, avatarId or alias in %s", (field) => {
      expect(preset({ [field]: "zoe" })).toMatchObject({ kind: "preset", name: "zoe" });
      expect(preset({ [field]: "A91XMB7113" })).toMatchObject({ kind: "preset", name: "zoe", asset: { avatarId: "A91XMB7113" } });
      expect(preset({ [field]: "avatar_001" })).toMatchObject({ kind: "preset", name: "maya" });
      expect(preset({ [field]: "B7" })).toMatchObject({ kind: "preset", name: "maya" });
    });

    it("prefers a preset's name to another preset's id", () => {
      const [maya, zoe] = pool.presets;
      const clash = { ...pool, presets: [{ ...maya!, ids: ["zoe"] }, zoe!] };
      expect(preset({ avatar_id: "zoe" }, undefined, clash)).toMatchObject({ name: "zoe" });
    });

    it("prefers a known preset to an image in the same form, and to an unknown id", () => {
      expect(preset({ avatar_id: "B7" }, portrait)).toMatchObject({ kind: "preset", name: "maya" });
      expect(preset({ avatar_id: "B7", avatar_image_url: "https://a/b.jpg" }, undefined, closed)).toMatchObject({ name: "maya" });
      expect(preset({ avatar_id: "X1", agent_id: "B7" })).toMatchObject({ name: "maya" });
      expect(preset({ avatar_id: "maya", agent_id: "B7" })).toMatchObject({ name: "maya" });
    });

    it("treats an image with an unknown id as a custom avatar", () => {
      expect(preset({ avatar_id: "X1" }, portrait)).toMatchObject({ kind: "imageFile" });
      expect(preset({ agent_id: "X1", image: "https://a/b.jpg" })).toEqual({ kind: "imageUrl", url: "https://a/b.jpg" });
    });

    it("rejects an unknown id with a remedy if the pool allows no custom avatar", () => {
      expect(refusal(closed, form({ avatar_id: "X1" }, portrait), undefined)).toEqual({
        status: 404,
        field: "avatar_id",
        message:
          "avatar_id matches no preset of this pool, and this pool serves presets only: send one of maya, zoe, or add the id to presets[].aliases",
      });
    });
  });

  it("rejects face images if the pool serves presets only", () => {
    const closed = testPool({ launch: { allowCustomAvatars: false } });
    expect(refusal(closed, form({ avatar_id: undefined }, portrait), undefined)).toMatchObject({
      status: 403,
      field: "avatar_image",
    });
  });

  it("rejects face images if no worker can animate them", () => {
    const cpuOnly = testPool({
      presets: [{ name: "leo", model: { url: "https://example.com/leo.imx" } }],
      workers: [{ name: "cpu", engine: "essence", image: "essence:1", max: 1 }],
    });
    expect(refusal(cpuOnly, form({ avatar_id: undefined }, portrait), undefined)).toMatchObject({
      status: 400,
      field: "avatar_image",
    });
  });

  it("rejects launches to a pool that is being deleted", () => {
    const leaving = testPool({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(refusal(leaving, form(), undefined)).toMatchObject({ status: 410 });
  });
});
