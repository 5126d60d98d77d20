import { describe, expect, it } from "vitest";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { engines, type LaunchRequest } from "../../engines/index.ts";
import { launchBodies } from "./launch-body.ts";

const face = { filename: "me.jpg", contentType: "image/jpeg", data: Buffer.from([0xff, 0xd8, 0xff, 0, 13, 10]) };
const request = (avatar: LaunchRequest["avatar"]): LaunchRequest => ({
  livekitUrl: "wss://lk.example.com",
  livekitToken: "t",
  roomName: "room",
  asyncMode: true,
  apiSecret: "makers",
  avatar,
});
const leo: LaunchRequest["avatar"] = { kind: "preset", name: "leo", asset: { kind: "model", url: "https://example.com/leo.imx" } };
const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
const jsonPool = testPool({
  workers: [
    { name: "gpu", engine: "expression", max: 1, dialect: "json" },
    { name: "cpu", engine: "essence", image: "essence:1", max: 1, dialect: "json" },
  ],
});

describe("launchBodies", () => {
  it("sends the same bytes and the trace to every worker of an engine", () => {
    const bodyFor = launchBodies(testPool(), request({ kind: "imageFile", file: face }), trace);
    const [first, again] = [bodyFor(engines.expression, "gpu"), bodyFor(engines.expression, "gpu")];
    expect(Buffer.concat(again.chunks).equals(Buffer.concat(first.chunks))).toBe(true);
    expect(first.contentType).toMatch(/^multipart/);
    expect(first.headers).toMatchObject(trace);
  });

  it("writes the JSON of the maker's API if a group requires it", () => {
    const body = launchBodies(jsonPool, request(leo), {})(engines.essence, "cpu");
    expect(body).toMatchObject({ contentType: "application/json", headers: { "api-secret": "makers" } });
    expect(JSON.parse(String(body.chunks[0]))).toEqual({
      livekit_url: "wss://lk.example.com",
      livekit_token: "t",
      room_name: "room",
      async_mode: "true",
      mode: "cpu",
      agent_id: "leo",
    });
  });

  it("writes an image in base64 or its URL in JSON", () => {
    const imageOf = (avatar: LaunchRequest["avatar"]) =>
      JSON.parse(String(launchBodies(jsonPool, request(avatar), {})(engines.expression, "gpu").chunks[0])).image;
    expect(imageOf({ kind: "imageFile", file: face })).toBe(face.data.toString("base64"));
    expect(imageOf({ kind: "imageUrl", url: "https://example.com/me.jpg" })).toBe("https://example.com/me.jpg");
  });

  it("uses each group's own format within one launch", () => {
    const pool = testPool({
      workers: [
        { name: "a", engine: "essence", image: "essence:1", max: 1 },
        { name: "b", engine: "essence", image: "essence:1", max: 1, dialect: "json" },
      ],
      presets: [{ name: "leo", model: { url: "https://example.com/leo.imx" } }],
    });
    const bodyFor = launchBodies(pool, request(leo), {});
    expect(["a", "b", "a"].map((group) => bodyFor(engines.essence, group).contentType)).toEqual([
      "application/x-www-form-urlencoded",
      "application/json",
      "application/x-www-form-urlencoded",
    ]);
  });
});
