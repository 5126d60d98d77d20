import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLogger } from "./logger.ts";

const SECRET = "s3cr3t-value";

/** The log output of these fields. */
function logged(fields: object, message = "message", format: "json" | "logfmt" = "json"): string {
  let text = "";
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      text += chunk;
      done();
    },
  });
  createLogger("test", { level: "info", format }, sink).info(fields, message);
  return text;
}
const failed = (more: object) => Object.assign(new Error("request failed"), more);

describe("createLogger", () => {
  it("writes one JSON object per line, with level, name and time as text", () => {
    const line = logged({ pool: "avatars/support" });
    expect(line.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({
      level: "info",
      name: "test",
      pool: "avatars/support",
      msg: "message",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it.each([
    "authorization",
    "Authorization",
    "livekit_token",
    "livekitToken",
    "api_secret",
    "apiSecret",
    "api-secret",
    "token",
    "secret",
    "password",
  ])("never writes the value of %s, at any depth", (key) => {
    for (const fields of [
      { [key]: SECRET },
      { request: { headers: { [key]: SECRET } } },
      { err: failed({ options: { headers: { [key]: SECRET } } }) },
      { err: new Error("outer", { cause: failed({ request: { headers: { [key]: SECRET } } }) }) },
      { list: [{ [key]: SECRET }] },
    ])
      expect(logged(fields)).not.toContain(SECRET);
  });

  it("writes the same fields as pairs in logfmt, one line each", () => {
    const line = logged(
      { pool: "avatars/support", seconds: 4, why: 'two "words"\nand more', list: ["a b"] },
      "a message",
      "logfmt",
    );
    expect(line.replace(/time=\S+Z/, "time=T")).toBe(
      'level=info time=T name=test pool=avatars/support seconds=4 why="two \\"words\\"\\nand more" list="[\\"a b\\"]" msg="a message"\n',
    );
  });

  it("keeps the diagnostic fields of an error", () => {
    const line = JSON.parse(logged({ err: failed({ status: 503, code: "ECONNREFUSED" }) }));
    expect(line.err).toMatchObject({ type: "Error", message: "request failed", status: 503, code: "ECONNREFUSED" });
    expect(line.err.stack).toContain("logger.test.ts");
  });
});
