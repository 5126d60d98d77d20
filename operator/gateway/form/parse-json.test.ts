import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { LaunchError } from "../errors.ts";
import { parseJson } from "./parse-json.ts";

const parse = (value: unknown) => parseJson(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const refusal = (value: string | Buffer) => {
  try {
    parseJson(Buffer.from(value));
    return "accepted";
  } catch (error) {
    return error instanceof LaunchError ? `${error.status} ${error.message}` : error;
  }
};
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

describe("parseJson", () => {
  it("reads a request of the maker's client for a preset", () => {
    const { fields, file } = parse({ room_name: "r", mode: "cpu", agent_id: "maya", image: null, async_mode: false });
    expect(Object.fromEntries(fields)).toEqual({ room_name: "r", mode: "cpu", agent_id: "maya", async_mode: "false" });
    expect(file).toBeUndefined();
  });

  it.each([
    ["in base64", jpeg.toString("base64"), "image/jpeg"],
    ["as a data: URL", `data:image/jpeg;base64,${jpeg.toString("base64")}`, "image/jpeg"],
    ["as a data: URL with parameters, in capitals", `DATA:image/jpeg;name=me.jpg;BASE64,${jpeg.toString("base64")}`, "image/jpeg"],
    ["in lines, as base64 and openssl write it", jpeg.toString("base64").replace(/.{4}/g, "$&\r\n"), "image/jpeg"],
    ["in the alphabet of URLs, without padding", jpeg.toString("base64url"), "image/jpeg"],
    ["without padding", jpeg.toString("base64").replace(/=+$/, ""), "image/jpeg"],
    ["of an unknown kind", Buffer.from("face").toString("base64"), "application/octet-stream"],
  ])("accepts an image %s", (_what, image, contentType) => {
    const { file } = parse({ image });
    expect(file).toMatchObject({ field: "image", contentType });
    expect(file?.data.equals(contentType === "image/jpeg" ? jpeg : Buffer.from("face"))).toBe(true);
  });

  it("reads an image's URL of any scheme as a field", () => {
    expect(parse({ image: "https://example.com/me.jpg" }).fields.get("image")).toBe("https://example.com/me.jpg");
    expect(parse({ image: "file:///etc/passwd" }).fields.get("image")).toBe("file:///etc/passwd");
  });

  it.each([
    ["not JSON", "{room_name: 1}", /^400 the body is not valid JSON$/],
    ["an array", "[]", /^400 the JSON must be an object/],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /^400 the body is not UTF-8/],
    ["a number", '{"room_name": 1e999}', /^400 room_name must be text: put it in quotes/],
    ["an object in a field", '{"room_name": {"a": "b"}}', /^400 room_name must be text/],
    ["an image that is neither URL nor base64", '{"image": "me.jpg!"}', /^400 image must be the URL of a face image/],
    ["a data: URL that is not in base64", '{"image": "data:image/svg+xml,aaaa"}', /^400 image must be the URL of a face image, or/],
    ["a data: URL without data", '{"image": "data:image/jpeg;base64,"}', /^400 image must be/],
    ["base64 that was cut off", '{"image": "AAAAA"}', /^400 image must be/],
    ["base64 with padding in it", '{"image": "AA==AAAA"}', /^400 image must be/],
    ["nothing but padding", '{"image": "=="}', /^400 image must be/],
    ["deep nesting", `{"a":${"[".repeat(8_000_000)}`, /^413 the JSON has too many members, or is nested too deeply/],
    ["a very long number", `{"a":${"9".repeat(1_000_000)}}`, /^413/],
    ["a hundred thousand members", `{${'"a":1,'.repeat(100_000)}"b":1}`, /^413/],
    ["a million empty strings", `{"a":[${'"",'.repeat(1_000_000)}""]}`, /^413/],
    ["a million escaped quotes", `{"a":"${'\\"'.repeat(1_000_000)}"}`, /^413/],
    ["a hundred members", `{${Array.from({ length: 100 }, (_, at) => `"a${at}":""`).join(",")}}`, /^400 the JSON has more than 64/],
  ])("rejects %s", (_what, body, says) => {
    expect(refusal(body)).toMatch(says);
  });

  it("counts only characters outside strings", () => {
    const quotes = '\\"{[,'.repeat(20_000);
    expect(parse({ prompt: quotes }).fields.get("prompt")).toBe(quotes);
  });

  it("stops at the limit", () => {
    const look = vi.spyOn(Buffer.prototype, "indexOf");
    expect([refusal(`{"a":[${'"",'.repeat(1_000_000)}""]}`), refusal(`{"a":"${'\\"'.repeat(1_000_000)}"}`)]).toHaveLength(2);
    const looks = look.mock.calls.length;
    look.mockRestore();
    expect(looks).toBeLessThan(200_000);
  });

  it("parses every flat object", () => {
    const flat = fc.dictionary(fc.string({ maxLength: 9 }), fc.string({ unit: "binary", maxLength: 60 }), { maxKeys: 8 });
    fc.assert(
      fc.property(flat, (object) => {
        const { image: _, ...rest } = object;
        expect(Object.fromEntries(parse(rest).fields)).toEqual(rest);
      }),
    );
  });
});
