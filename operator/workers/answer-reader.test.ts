import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AnswerReader } from "./answer-reader.ts";

const text = (...lines: readonly string[]) => Buffer.from(lines.join("\r\n"));

/** The result of a connection that sends these bytes in these pieces and then ends. */
function read(bytes: Buffer, cuts: readonly number[] = []) {
  const reader = new AnswerReader();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    const answer = to === from ? undefined : reader.push(bytes.subarray(from, to));
    from = to;
    if (answer !== undefined) return { ...answer, keepAlive: reader.keepAlive };
  }
  const answer = reader.end();
  return answer && { ...answer, keepAlive: false };
}

const answers = {
  length: text("HTTP/1.1 200 OK", "Content-Type: application/json", "content-length: 2", "", "{}"),
  chunked: text(
    "HTTP/1.1 200 OK",
    "content-type: application/json",
    "transfer-encoding: chunked",
    "",
    "1;x=y",
    "{",
    "1",
    "}",
    "0",
    "",
    "",
  ),
  close: text("HTTP/1.0 200 OK", "content-type: application/json", "", "{}"),
  interim: text("HTTP/1.1 100 Continue", "", "HTTP/1.1 200", "content-type: application/json", "content-length: 2", "", "{}"),
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("AnswerReader", () => {
  it.each([
    ["chunks of one byte", "transfer-encoding: chunked", "1\r\nx\r\n", 100_000, "0\r\n\r\n"],
    ["a body with a length", "content-length: 500000", "x", 500_000, ""],
  ])("reads %s byte by byte in linear time", (_what, framing, piece, count, end) => {
    const head = `HTTP/1.1 200 OK\r\n${framing}\r\nx-long: ${"h".repeat(8_000)}\r\n\r\n`;
    const bytes = Buffer.from(head + piece.repeat(count) + end);
    let work = 0;
    const concat = Buffer.concat;
    vi.spyOn(Buffer, "concat").mockImplementation((parts) => {
      const joined = concat(parts);
      work += joined.length;
      return joined;
    });
    const reserve = vi.spyOn(Buffer, "allocUnsafeSlow");
    const indexOf = Buffer.prototype.indexOf;
    vi.spyOn(Buffer.prototype, "indexOf").mockImplementation(function (this: Buffer, value, from = 0) {
      work += this.length - Number(from);
      return indexOf.call(this, value, Number(from));
    });
    const reader = new AnswerReader();
    let answer: ReturnType<AnswerReader["push"]>;
    for (let at = 0; at < bytes.length; at += 1) answer = reader.push(bytes.subarray(at, at + 1));
    for (const [reserved] of reserve.mock.calls) work += reserved;
    expect(answer?.body).toHaveLength(count);
    expect(work).toBeLessThan(10 * bytes.length);
  });

  it.each(Object.entries(answers))("reads an answer that ends by %s, for any split", (how, bytes) => {
    const keepAlive = how !== "close";
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 8 }), (cuts) => {
        expect(read(bytes, cuts)).toEqual({ status: 200, contentType: "application/json", body: "{}", keepAlive });
      }),
    );
  });

  it("returns no answer if the connection ends too early", () => {
    expect(read(answers.length.subarray(0, -1))).toBeUndefined();
    expect(read(answers.chunked.subarray(0, -3))).toBeUndefined();
  });

  it("keeps no connection that the worker will close, or that contained more than the answer", () => {
    expect(read(text("HTTP/1.1 503 Busy", "connection: close", "content-length: 0", "", ""))).toMatchObject({
      status: 503,
      keepAlive: false,
    });
    expect(read(Buffer.concat([answers.length, answers.length]))).toMatchObject({ body: "{}", keepAlive: false });
  });

  it.each([
    ["data that is not HTTP", "SSH-2.0-OpenSSH_9\r\n\r\n"],
    ["an invalid length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"],
    ["a chunk with an invalid size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["an endless head", `HTTP/1.1 200 OK\r\n${"x".repeat(20_000)}`],
  ])("throws on %s", (_what, bytes) => {
    expect(() => read(Buffer.from(bytes))).toThrow();
  });

  it("returns an answer, none, or throws, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...Object.values(answers)), fc.nat(60), (noise, good, at) => {
        const bytes = Buffer.concat([good.subarray(0, at), noise, good.subarray(at)]);
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
