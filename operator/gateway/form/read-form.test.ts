import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { encodeForm } from "../../workers/form.ts";
import { LaunchError } from "../errors.ts";
import { BodyRooms } from "./body-rooms.ts";
import { announcedLength, readForm } from "./read-form.ts";

const urlencoded = "application/x-www-form-urlencoded";
const file = {
  field: "avatar_image",
  filename: 'a "b".jpg',
  contentType: "image/jpeg",
  data: Buffer.from([0, 13, 10, 45, 45, 255]),
};

const MEGABYTE = 1024 * 1024;
const ann = { pool: "avatars/support", client: "avatars/support/ann" };
const withHeaders = (body: Readable, headers: Record<string, string | undefined>) => Object.assign(body, { headers });

/** Reads a body, and releases it if it is rejected. */
async function readFrom(body: Readable, headers: Record<string, string | undefined>, rooms: BodyRooms, clock = new FakeClock()) {
  const request = withHeaders(body, headers);
  const held = rooms.open(ann, announcedLength(request.headers));
  try {
    return { form: await readForm(request, held, { clock, timeoutMs: 60_000 }), release: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}
const read = (chunks: readonly Buffer[], contentType: string | undefined, rooms = new BodyRooms(16 * MEGABYTE)) =>
  readFrom(Readable.from(chunks, { objectMode: false }), { "content-type": contentType }, rooms);
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

  it("reads the body in chunks of any size", async () => {
    const { contentType, chunks } = encodeForm({ fields: { room_name: "room" }, file });
    const bytes = [...Buffer.concat(chunks)].map((byte) => Buffer.from([byte]));
    const { form } = await read(bytes, contentType);
    expect(form.file?.data.equals(file.data)).toBe(true);
  });

  it("rejects XML, and names what to send", async () => {
    await expect(refusal(read([Buffer.from("<a/>")], "text/xml"))).resolves.toMatch(
      /^415 send the launch as multipart\/form-data .*application\/json; text\/xml is not/,
    );
    await expect(refusal(read([], undefined))).resolves.toMatch(/^415/);
  });

  it("rejects a body over 16 MB, and releases its bytes", async () => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    const chunks = Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024));
    await expect(refusal(read(chunks, "multipart/form-data; boundary=x", rooms))).resolves.toMatch(
      /^413 the body is larger than 16 MB/,
    );
    expect(rooms.held).toBe(0);
  });

  it("rejects an image while others fill the room, and holds its own bytes until release", async () => {
    const rooms = new BodyRooms(1_000);
    const { contentType, chunks } = encodeForm({ fields: {}, file: { ...file, data: Buffer.alloc(700) } });
    const first = await read(chunks, contentType, rooms);
    const second = await read(chunks, contentType, rooms);
    await expect(refusal(read(chunks, contentType, rooms))).resolves.toMatch(/^503/);
    first.release();
    first.release();
    second.release();
    expect(rooms.held).toBe(0);
  });

  it("copies a megabyte in one-byte chunks a few times at most, and keeps no chunk", async () => {
    const reserve = vi.spyOn(Buffer, "allocUnsafeSlow");
    const { contentType, chunks } = encodeForm({ fields: { room_name: "room" }, file: { ...file, data: Buffer.alloc(MEGABYTE) } });
    const byByte = (function* () {
      for (const chunk of chunks) for (let at = 0; at < chunk.length; at += 1) yield chunk.subarray(at, at + 1);
    })();
    const { form } = await readFrom(
      Readable.from(byByte, { objectMode: false }),
      { "content-type": contentType },
      new BodyRooms(16 * MEGABYTE),
    );
    expect(form.file?.data).toHaveLength(MEGABYTE);
    expect(reserve.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBeLessThan(4 * MEGABYTE);
    reserve.mockRestore();
  });

  describe("ends a body", () => {
    const setup = () => {
      const clock = new FakeClock();
      const rooms = new BodyRooms(16 * MEGABYTE);
      const body = new Readable({ read() {} });
      const headers = { "content-type": "multipart/form-data; boundary=x", "content-length": String(16 * MEGABYTE) };
      return { clock, rooms, body, reading: refusal(readFrom(body, headers, rooms, clock)) };
    };

    it("that sends no byte for 10 s", async () => {
      const { clock, rooms, body, reading } = setup();
      body.push(Buffer.alloc(64 * 1024));
      await clock.advance(19_000);
      expect(rooms.held).toBe(64 * 1024);
      await clock.advance(1_000);
      expect([await reading, rooms.held, clock.pending]).toEqual([expect.stringMatching(/^408 the body arrives too slowly/), 0, 0]);
    });

    it("that takes longer than a minute, although bytes arrive", async () => {
      const { clock, rooms, body, reading } = setup();
      for (let second = 0; second < 59; second += 1) {
        body.push(Buffer.alloc(64 * 1024));
        await clock.advance(1_000);
      }
      expect(rooms.held).toBe(59 * 64 * 1024);
      await clock.advance(1_000);
      expect(await reading).toMatch(/^408 .*within 60 s/);
    });
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
  ])("rejects a malformed form: %s", async (_what, contentType, body) => {
    const rooms = new BodyRooms(16 * MEGABYTE);
    await expect(refusal(read([Buffer.from(body)], contentType, rooms))).resolves.toMatch(/^400 the (form|multipart body)/);
    expect(rooms.held).toBe(0);
  });

  it("rejects half a million fields before it builds one", async () => {
    const build = vi.spyOn(globalThis, "URLSearchParams");
    await expect(refusal(read([Buffer.from("a&".repeat(500_000))], urlencoded))).resolves.toMatch(/^400 the form has more than 64/);
    expect(build).not.toHaveBeenCalled();
    build.mockRestore();
  });

  it("accepts a damaged multipart body or responds 4xx, without a hang or another error", async () => {
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

  it("reports a client that disconnects inside a body as gone", async () => {
    const body = new Readable({ read() {} });
    body.push("room_name=");
    const reading = refusal(readFrom(body, { "content-type": urlencoded }, new BodyRooms(16 * MEGABYTE)));
    body.destroy(new Error("aborted"));
    await expect(reading).resolves.toMatch(/ended before/);
  });
});
