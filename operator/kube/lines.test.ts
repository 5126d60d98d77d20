import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeLines } from "./lines.ts";

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const end of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(start, end);
    start = end;
  }
  yield bytes.subarray(start);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of completeLines(chunks)) lines.push(line);
  return lines;
}

describe("completeLines", () => {
  it("finds the same lines for any split of the stream, also inside characters", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => text !== "" && !text.includes("\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(400)), line, async (lines, cuts, half) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join("") + half);
        const inside = cuts.map((cut) => cut % (bytes.length + 1));
        expect(await collect(chunksOf(bytes, inside))).toEqual(lines);
      }),
    );
  });

  it("reads a line of a megabyte in small pieces in one pass", async () => {
    const bytes = Buffer.from(`${"x".repeat(1 << 20)}\n`);
    const cuts = Array.from({ length: bytes.length / 256 }, (_, i) => i * 256);
    const startMs = performance.now();
    expect((await collect(chunksOf(bytes, cuts)))[0]).toHaveLength(1 << 20);
    // One concatenation per piece would take seconds.
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  it("rejects an endless line", async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1 << 20, "x");
    }
    await expect(collect(endless())).rejects.toMatchObject({ reason: "Malformed" });
  });
});
