import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeKeys, overlaid } from "./overlay.ts";

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const name = fc.constantFrom("a", "b", "c");

/** An item of a keyed list, with fields that may hold lists themselves. */
const item = (key: string, depth: number): fc.Arbitrary<object> =>
  fc.tuple(name, object(depth)).map(([id, rest]) => ({ ...rest, [key]: id }));

function object(depth: number): fc.Arbitrary<object> {
  if (depth === 0) return fc.dictionary(fc.constantFrom("x", "y"), scalar, { maxKeys: 2 });
  const lists = Object.entries(mergeKeys).slice(0, 5);
  const fields = Object.fromEntries(
    lists.map(([field, key]) => [
      field,
      fc.uniqueArray(item(key, depth - 1), { maxLength: 3, selector: (one) => (one as Record<string, unknown>)[key] }),
    ]),
  );
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), object(depth - 1));
  return fc
    .tuple(fc.record(fields, { requiredKeys: [] }), fc.dictionary(fc.constantFrom("x", "y", "z"), value, { maxKeys: 3 }))
    .map(([keyed, rest]) => ({ ...rest, ...keyed }));
}
const tree = object(2);
const asOverlay = (value: object) => value as Readonly<Record<string, unknown>>;

describe("a strategic merge", () => {
  it("leaves the base unchanged if the overlay is empty or equal", () => {
    fc.assert(
      fc.property(tree, (base) => {
        expect(overlaid(base, {})).toEqual(base);
        expect(overlaid(base, asOverlay(base))).toEqual(base);
      }),
    );
  });

  it("is the overlay if the base is empty", () => {
    fc.assert(
      fc.property(tree, (overlay) => {
        expect(overlaid({}, asOverlay(overlay))).toEqual(overlay);
      }),
    );
  });

  it("is idempotent, and changes neither of its inputs", () => {
    fc.assert(
      fc.property(tree, tree, (base, overlay) => {
        const before = structuredClone([base, overlay]);
        const once = overlaid(base, asOverlay(overlay));
        expect(overlaid(once, asOverlay(overlay))).toEqual(once);
        expect([base, overlay]).toEqual(before);
      }),
    );
  });

  it("merges items by their key and appends new ones, in this order", () => {
    const base = { containers: [{ name: "worker", image: "a", args: ["x", "y"] }] };
    const overlay = {
      containers: [
        { name: "proxy", image: "p" },
        { name: "worker", args: ["z"] },
      ],
    };
    expect(overlaid(base, overlay)).toEqual({
      containers: [
        { name: "worker", image: "a", args: ["z"] },
        { name: "proxy", image: "p" },
      ],
    });
  });

  it("replaces a variable and a volume completely, so that none has two sources", () => {
    const base = { env: [{ name: "A", value: "1" }], volumes: [{ name: "v", emptyDir: {} }] };
    const valueFrom = { fieldRef: { fieldPath: "status.podIP" } };
    const overlay = { env: [{ name: "A", valueFrom }], volumes: [{ name: "v", hostPath: { path: "/v" } }] };
    expect(overlaid(base, overlay)).toEqual(overlay);
  });

  it("removes fields that are null in the overlay", () => {
    expect(overlaid({ a: { b: 1, c: 2 } }, { a: { b: null } })).toEqual({ a: { c: 2 } });
  });
});
