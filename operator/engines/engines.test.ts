import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { AvatarChoice, LaunchRequest } from "./engine.ts";
import { engineNames, engineOf, engines, enginesWhere, findEngine, launchApiOf } from "./index.ts";

const request = (avatar: AvatarChoice, change: Partial<LaunchRequest> = {}): LaunchRequest => ({
  livekitUrl: "wss://livekit.example.com",
  livekitToken: "jwt",
  roomName: "room",
  asyncMode: true,
  avatar,
  ...change,
});
const common = { livekit_url: "wss://livekit.example.com", livekit_token: "jwt", room_name: "room", async_mode: "true" };
const image: AvatarChoice = { kind: "preset", name: "maya", asset: { kind: "image", url: "https://example.com/maya.jpg" } };
const model: AvatarChoice = { kind: "preset", name: "leo", asset: { kind: "model", url: "https://example.com/leo.imx" } };
const file = { filename: "face.png", contentType: "image/png", data: Buffer.from("png") };
const form = (engine: "expression" | "essence", ...parameters: Parameters<typeof request>) =>
  launchApiOf(engineOf(engine)).form(request(...parameters));

describe("the expression engine", () => {
  it.each<[string, AvatarChoice, object]>([
    ["an image preset", image, { avatar_image_url: "https://example.com/maya.jpg" }],
    ["an avatar id", { kind: "preset", name: "zoe", asset: { kind: "avatarId", avatarId: "A1" } }, { avatar_id: "A1" }],
    [
      "the caller's image",
      { kind: "imageUrl", url: "https://example.com/me.jpg" },
      { avatar_image_url: "https://example.com/me.jpg" },
    ],
  ])("requests %s", (_what, avatar, fields) => {
    expect(form("expression", avatar)).toEqual({ fields: { ...common, ...fields } });
  });

  it("sends an image file as a file part", () => {
    expect(form("expression", { kind: "imageFile", file })).toEqual({ fields: common, file: { field: "avatar_image", ...file } });
  });

  it("sends prompt and secret only if the caller set them", () => {
    expect(form("expression", image, { prompt: "smile", apiSecret: "s", asyncMode: false }).fields).toMatchObject({
      prompt: "smile",
      api_secret: "s",
      async_mode: "false",
    });
  });
});

describe("the essence engine", () => {
  it("requests a preset by the name of its file", () => {
    expect(form("essence", model)).toEqual({ fields: { ...common, avatar_id: "leo" } });
  });

  it("rejects avatars that it cannot play", () => {
    expect(() => form("essence", { kind: "imageFile", file })).toThrow("plays presets only");
  });

  const { defaultImage, drainEnv, withoutModels, sessionsEnv, secretEnv, port, launches } = engines.essence;
  const worker = path.join(import.meta.dirname, "..", "..", "workers", "essence");
  const settings = readFileSync(path.join(worker, "src", "essence_worker", "settings.py"), "utf8");

  it("runs this repository's worker of the present version", () => {
    const [, version] = /^version = "(.+)"$/m.exec(readFileSync(path.join(worker, "pyproject.toml"), "utf8")) ?? [];
    expect(defaultImage).toBe(`essence-worker:${version}`);
  });

  it.each([secretEnv, sessionsEnv, drainEnv, "BITHUMAN_MODEL_PATH", withoutModels.name, withoutModels.value])(
    "sets what the worker reads: %s",
    (text) => expect(settings).toContain(`"${text}"`),
  );

  it("has the worker's defaults", () => {
    expect(settings).toContain(`"PORT", ${port.toLocaleString("en").replace(",", "_")},`);
    expect(settings).toContain(`"SESSION_IDLE_TIMEOUT", ${launches.idleTimeoutMs / 1_000},`);
  });
});

describe("engines", () => {
  it.each(engineNames)("%s is consistent with itself", (name) => {
    const engine = engineOf(name);
    expect(engine.name).toBe(name);
    expect(engine.startup.limitSeconds * 1_000).toBeGreaterThan(engine.coldStartMs);
    // Only engines that accept image presets can accept a caller's image.
    if (engine.customAvatars) expect(engine.serves).toContain("image");
    // Models are fetched into a folder. An engine that plays models has this folder and passes it to its worker.
    const folder = engine.volumes.find(({ source }) => source.kind === "assets");
    expect(folder !== undefined).toBe(engine.serves.includes("model"));
    if (folder !== undefined) expect(Object.values(engine.env)).toContain(folder.mountPath);
  });

  it("are found by their exact name only", () => {
    expect(findEngine("essence")?.name).toBe("essence");
    expect(findEngine("toString")).toBeUndefined();
    expect(enginesWhere(({ accelerator }) => accelerator === "gpu")).toEqual(["expression"]);
  });
});
