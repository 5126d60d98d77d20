import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeForm } from "../../workers/form.ts";
import type { LaunchError } from "../errors.ts";
import { parseMultipart } from "./multipart.ts";

const TYPE = "multipart/form-data; boundary=x";
const part = (head: string, data: string) => `--x\r\n${head}\r\n\r\n${data}\r\n`;
const field = (name: string, data: string) => part(`Content-Disposition: form-data; name="${name}"`, data);
const parse = (text: string, contentType = TYPE) => parseMultipart(Buffer.from(text), contentType);
const refusal = (text: string, contentType?: string) => {
  try {
    return parse(text, contentType);
  } catch (error) {
    return `${(error as LaunchError).status} ${(error as LaunchError).message}`;
  }
};

describe("parseMultipart", () => {
  it("reads what a client wrote, also with the platform's encoder", async () => {
    const data = fc.uint8Array({ maxLength: 200 });
    const values = fc.dictionary(fc.stringMatching(/^[\w-]{1,9}$/), fc.string({ unit: "binary" }), { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(values, data, async (texts, bytes) => {
        const file = { field: "avatar_image", filename: "a.jpg", contentType: "image/jpeg", data: Buffer.from(bytes) };
        const expected = { fields: new Map(Object.entries(texts)), file };
        const { contentType, chunks } = encodeForm({ fields: texts, file });
        expect(parseMultipart(Buffer.concat(chunks), contentType)).toEqual(expected);
        const form = new FormData();
        // The platform's encoder turns single line ends into pairs.
        for (const [name, value] of Object.entries(texts)) form.set(name, value.replaceAll(/[\r\n]/g, ""));
        form.set("avatar_image", new Blob([bytes], { type: "image/jpeg" }), "a.jpg");
        const written = new Response(form);
        const read = parseMultipart(Buffer.from(await written.arrayBuffer()), written.headers.get("content-type") ?? "");
        expect(read.file).toEqual(file);
        for (const [name, value] of read.fields) expect(value).toBe(texts[name]?.replaceAll(/[\r\n]/g, ""));
      }),
    );
  });

  it("accepts common variants of headers and delimiters", () => {
    const text = [
      "nobody reads this\r\n",
      "--x \t\r\ncontent-type: text/plain; charset=utf-8\r\nCONTENT-DISPOSITION: form-data; name=room_name\r\n\r\nroom\r\n",
      field("prompt", ""),
      field("room_name", "a second one"),
      part('Content-Disposition: form-data; name="a\\"b"', "--"),
      part("Content-Disposition: form-data; name=\"image\"; filename*=utf-8''%e2%82%ac.jpg", "bytes"),
      "--x--\r\nnor this",
    ].join("");
    expect(parse(text, 'multipart/form-data; charset=utf-8; boundary="x"')).toEqual({
      fields: new Map([
        ["room_name", "room"],
        ["prompt", ""],
        ['a"b', "--"],
      ]),
      file: { field: "image", filename: "avatar", contentType: "application/octet-stream", data: Buffer.from("bytes") },
    });
  });

  it("ignores a name inside another value", () => {
    const head = 'Content-Disposition: form-data; filename="; name=\\"api_secret\\"; x.jpg"; name="avatar_image"';
    expect(parse(`${part(head, "1")}--x--`).file).toMatchObject({ field: "avatar_image", filename: '; name="api_secret"; x.jpg' });
    expect(parse(`${part('X-Other: form-data; name="a"', "1")}--x--`).fields.size).toBe(0);
  });

  it.each([
    ["that is empty", ""],
    ["without the last delimiter", field("a", "1")],
    ["with a delimiter inside a longer line", `${field("a", "1\r\n--xy")}--x--`],
    ["with a part whose head does not end", '--x\r\ncontent-disposition: form-data; name="a"\r\n--x--'],
    ["with a head of 9 kB", `${field("a".repeat(9_000), "1")}--x--`],
  ])("rejects a body %s", (_what, text) => {
    expect(refusal(text)).toMatch(/^400 the multipart body is malformed: /);
  });

  it("rejects a field that is too long, and names it", () => {
    expect(refusal(`${field("prompt", "x".repeat(256 * 1024 + 1))}--x--`)).toBe("413 prompt is longer than 256 kB");
  });
});
