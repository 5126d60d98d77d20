import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { encodeForm } from "../../workers/form.ts";
import { LaunchError } from "../launch/launch-error.ts";
import { ByteBudget } from "./byte-budget.ts";
import { readForm } from "./read-form.ts";

const budget = () => new ByteBudget(64 * 1024 * 1024);
const urlencoded = "application/x-www-form-urlencoded";
const file = {
  field: "avatar_image",
  filename: 'a "b".jpg',
  contentType: "image/jpeg",
  data: Buffer.from([0, 13, 10, 45, 45, 255]),
};

const limits = (from = budget()) => ({ clock: new FakeClock(), budget: from, bodyBytes: 16 * 1024 * 1024, timeoutMs: 60_000 });
const withHeaders = (body: Readable, headers: Record<string, string | undefined>) => Object.assign(body, { headers });
const read = (chunks: readonly Buffer[], contentType: string | undefined, from = budget()) =>
  readForm(withHeaders(Readable.from(chunks, { objectMode: false }), { "content-type": contentType }), limits(from));
const refusal = (reading: Promise<unknown>) =>
  reading.then(
    () => "accepted",
    (error: unknown) => (error instanceof LaunchError ? `${error.status} ${error.message}` : error),
  );

describe("readForm", () => {
  it("reads an urlencoded form, keeping the first of two values", async () => {
    const { form } = await read([Buffer.from("room_name=a%20b&room_name=c&prompt=")], `${urlencoded}; charset=utf-8`);
    expect(form).toEqual({
      fields: new Map([
        ["room_name", "a b"],
        ["prompt", ""],
      ]),
      file: undefined,
    });
  });

  it("reads a multipart form with a binary file, byte for byte", async () => {
    const { contentType, chunks } = encodeForm({ fields: { room_name: "zürich" }, file });
    const { form } = await read(chunks, contentType);
    expect(form.fields.get("room_name")).toBe("zürich");
    expect(form.file).toMatchObject({ field: "avatar_image", contentType: "image/jpeg" });
    expect(form.file?.data.equals(file.data)).toBe(true);
  });

  it("reads the body however it is cut into chunks", async () => {
    const { contentType, chunks } = encodeForm({ fields: { room_name: "room" }, file });
    const bytes = [...Buffer.concat(chunks)].map((byte) => Buffer.from([byte]));
    const { form } = await read(bytes, contentType);
    expect(form.file?.data.equals(file.data)).toBe(true);
  });

  it("says what to send instead of XML", async () => {
    await expect(refusal(read([Buffer.from("<a/>")], "text/xml"))).resolves.toMatch(
      /^415 send the launch as multipart\/form-data .*application\/json; text\/xml is not/,
    );
    await expect(refusal(read([], undefined))).resolves.toMatch(/^415/);
  });

  it("refuses a body over 16 MB, and gives its bytes back", async () => {
    const from = budget();
    const chunks = Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024));
    await expect(refusal(read(chunks, "multipart/form-data; boundary=x", from))).resolves.toMatch(
      /^413 the body is larger than 16 MB/,
    );
    expect(from.left).toBe(64 * 1024 * 1024);
  });

  it("refuses an image while others take all the room, and holds its own until it is released", async () => {
    const from = new ByteBudget(1_000);
    const { contentType, chunks } = encodeForm({ fields: {}, file: { ...file, data: Buffer.alloc(600) } });
    const first = await read(chunks, contentType, from);
    await expect(refusal(read(chunks, contentType, from))).resolves.toMatch(/^503/);
    first.release();
    first.release();
    expect(from.left).toBe(1_000);
  });

  it.each([
    ["no boundary", "multipart/form-data", "--x\r\n"],
    [
      "cut off in the middle of a part",
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nhal',
    ],
    ["thousands of fields", urlencoded, "a=1&".repeat(5_000)],
    [
      "thousands of parts",
      "multipart/form-data; boundary=x",
      `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'.repeat(5_000)}--x--\r\n`,
    ],
    [
      "two files",
      "multipart/form-data; boundary=x",
      `${'--x\r\ncontent-disposition: form-data; name="a"; filename="b"\r\n\r\n1\r\n'.repeat(2)}--x--\r\n`,
    ],
  ])("refuses a malformed form: %s", async (_what, contentType, body) => {
    const from = budget();
    await expect(refusal(read([Buffer.from(body)], contentType, from))).resolves.toMatch(/^400 the (form|multipart body)/);
    expect(from.left).toBe(64 * 1024 * 1024);
  });

  it("answers any damage of a multipart body: accepted or a 4xx, never a hang or another error", async () => {
    const whole = encodeForm({ fields: { room_name: "room", livekit_url: "wss://x" }, file }, "x");
    const body = Buffer.concat(whole.chunks);
    const damage = fc.record({
      from: fc.nat(body.length),
      length: fc.nat(40),
      by: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom("--x", "\r\n", "--x--", '"', ":", "\r\n\r\n").map((text) => Buffer.from(text)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.boolean(), async ({ from, length, by }, cut) => {
        const damaged = Buffer.concat([body.subarray(0, from), by, cut ? Buffer.alloc(0) : body.subarray(from + length)]);
        expect(await refusal(read([damaged], whole.contentType))).toMatch(/^(accepted|4\d\d )/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("treats a client that goes away in the middle as gone", async () => {
    const body = new Readable({ read() {} });
    body.push("room_name=");
    const reading = refusal(readForm(withHeaders(body, { "content-type": urlencoded }), limits()));
    body.destroy(new Error("aborted"));
    await expect(reading).resolves.toMatch(/ended before/);
  });
});
