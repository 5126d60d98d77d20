import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunksOf, sameItems } from "./chunks.ts";

const keys = Array.from({ length: 5_000 }, (_, at) => `uid-${at}`);
const chunksBy = (items: readonly string[]) => chunksOf(items, (item) => item);

describe("chunksOf", () => {
  it("keeps every item, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (items) => {
        expect(chunksBy(items).flat()).toEqual(items);
      }),
    );
  });

  it("makes chunks of about 64 and at most 256", () => {
    const chunks = chunksBy(keys);
    expect(chunks.length).toBeGreaterThan(40);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(256);
  });

  it("has almost all chunks unchanged after an item left, so that their tiles are not drawn again", () => {
    const before = chunksBy(keys);
    fc.assert(
      fc.property(fc.nat(keys.length - 1), (at) => {
        const after = chunksBy(keys.toSpliced(at, 1));
        const changed = after.filter((chunk) => !before.some((former) => sameItems(former, chunk)));
        expect(changed.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 20 },
    );
  });
});
