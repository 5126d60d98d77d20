import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ByteCollector } from "./byte-collector.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("ByteCollector", () => {
  it("joins its chunks, and leaves them unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.option(fc.nat(200), { nil: undefined }), (parts, expected) => {
        const chunks = parts.map((part) => Buffer.from(part));
        const collector = new ByteCollector(expected);
        for (const chunk of chunks) collector.push(chunk);
        const joined = Buffer.concat(parts);
        expect([collector.length, collector.bytes.equals(joined)]).toEqual([joined.length, true]);
        expect(Buffer.concat(chunks).equals(joined)).toBe(true);
      }),
    );
  });

  it("copies a megabyte in chunks of one byte a few times at most", () => {
    const reserve = vi.spyOn(Buffer, "allocUnsafeSlow");
    const collector = new ByteCollector();
    const byte = Buffer.from("a");
    for (let count = 0; count < 1024 * 1024; count += 1) collector.push(byte);
    const reserved = reserve.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0);
    expect(collector.bytes.equals(Buffer.alloc(1024 * 1024, "a"))).toBe(true);
    expect(reserved).toBeLessThanOrEqual(3 * 1024 * 1024);
  });

  it("reserves at most the announced length, step by step, and does not copy a single chunk", () => {
    const reserve = vi.spyOn(Buffer, "allocUnsafeSlow");
    const collector = new ByteCollector(16 * 1024 * 1024);
    const first = Buffer.alloc(3_000);
    collector.push(first);
    expect([collector.bytes, reserve.mock.calls]).toEqual([first, []]);
    collector.push(Buffer.alloc(1));
    expect(reserve.mock.calls).toEqual([[6_000]]);
    const exact = new ByteCollector(3_500);
    exact.push(first);
    exact.push(Buffer.alloc(500));
    expect(reserve.mock.calls.at(-1)).toEqual([3_500]);
  });
});
