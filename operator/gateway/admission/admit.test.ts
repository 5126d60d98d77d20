import { describe, expect, it } from "vitest";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { LaunchForm } from "../form/form.ts";
import { LaunchError } from "../launch/launch-error.ts";
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
  it("turns a form into a launch", () => {
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

  it.each(["livekit_url", "livekit_token", "room_name"])("names a missing %s and what to send", (field) => {
    for (const value of [undefined, "", "  "]) {
      expect(refusal(testPool(), form({ [field]: value }), undefined)).toMatchObject({
        status: 400,
        field,
        message: expect.stringContaining("is missing: send"),
      });
    }
  });

  it("tells who sends https:// what to write", () => {
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

  it("takes the field async_mode, and ?async= before it", () => {
    expect(admit(testPool(), form({ async_mode: "false" }), undefined).asyncMode).toBe(false);
    expect(admit(testPool(), form({ async_mode: "false" }), "true").asyncMode).toBe(true);
    expect(refusal(testPool(), form(), "perhaps")).toMatchObject({ status: 400, field: "async" });
  });

  it("names the presets there are when avatar_id is none of them", () => {
    expect(refusal(testPool(), form({ avatar_id: "tom" }), undefined)).toEqual({
      status: 404,
      field: "avatar_id",
      message: "avatar_id names no preset of this pool: it has maya, leo",
    });
  });

  it("uses the only preset when no avatar is named, and asks when there are several", () => {
    const [maya] = [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }];
    const single = testPool({ presets: [maya!], workers: [{ name: "gpu", engine: "expression", max: 1 }] });
    expect(admit(single, form({ avatar_id: undefined }), undefined).avatar).toMatchObject({ kind: "preset", name: "maya" });
    expect(refusal(testPool(), form({ avatar_id: undefined }), undefined)).toMatchObject({ status: 400, field: "avatar_id" });
  });

  it("takes a face image as a file or as a URL", () => {
    expect(admit(testPool(), form({ avatar_id: undefined }, portrait), undefined).avatar).toMatchObject({ kind: "imageFile" });
    const byUrl = form({ avatar_id: "", avatar_image_url: "https://example.com/me.jpg" });
    expect(admit(testPool(), byUrl, undefined).avatar).toEqual({ kind: "imageUrl", url: "https://example.com/me.jpg" });
  });

  it.each([
    ["an image URL that is none", form({ avatar_id: undefined, avatar_image_url: "file:///etc/passwd" }), 400, "avatar_image_url"],
    ["an empty image", form({ avatar_id: undefined }, { ...portrait, data: Buffer.alloc(0) }), 400, "avatar_image"],
    ["a file by another name", form({ avatar_id: undefined }, { ...portrait, field: "portrait" }), 400, "portrait"],
    ["two avatars", form({}, portrait), 400, "avatar_id"],
    ["a room name without end", form({ room_name: "r".repeat(5_000) }), 400, "room_name"],
  ])("refuses %s", (_what, bad, status, field) => {
    expect(refusal(testPool(), bad, undefined)).toMatchObject({ status, field });
  });

  it("refuses face images where the pool serves presets only", () => {
    const closed = testPool({ launch: { allowCustomAvatars: false } });
    expect(refusal(closed, form({ avatar_id: undefined }, portrait), undefined)).toMatchObject({
      status: 403,
      field: "avatar_image",
    });
  });

  it("refuses face images where no worker can animate one", () => {
    const cpuOnly = testPool({
      presets: [{ name: "leo", model: { url: "https://example.com/leo.imx" } }],
      workers: [{ name: "cpu", engine: "essence", image: "essence:1", max: 1 }],
    });
    expect(refusal(cpuOnly, form({ avatar_id: undefined }, portrait), undefined)).toMatchObject({
      status: 400,
      field: "avatar_image",
    });
  });

  it("refuses launches to a pool that is being deleted", () => {
    const leaving = testPool({}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(refusal(leaving, form(), undefined)).toMatchObject({ status: 410 });
  });
});
