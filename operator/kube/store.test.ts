import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IndexedStore } from "./store.ts";

interface Worker {
  readonly name: string;
  readonly pool: string;
}

describe("IndexedStore", () => {
  it("finds by index exactly the items with the value, after any sets and deletes", () => {
    const step = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), pool: fc.option(fc.constantFrom("x", "y", "z")) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = new IndexedStore<Worker>({ pool: (worker) => [worker.pool] });
        const expected = new Map<string, Worker>();
        for (const { name, pool } of steps) {
          if (pool === null) {
            store.delete(name);
            expected.delete(name);
          } else {
            store.set(name, { name, pool }, "1");
            expected.set(name, { name, pool });
          }
        }
        expect(new Set(store.values())).toEqual(new Set(expected.values()));
        for (const pool of ["x", "y", "z"]) {
          const members = [...expected.values()].filter((worker) => worker.pool === pool);
          expect(new Set(store.byIndex("pool", pool))).toEqual(new Set(members));
        }
      }),
    );
  });

  it("rejects an undeclared index", () => {
    expect(() => new IndexedStore<Worker>({}).byIndex("pool", "x")).toThrow('no index "pool"');
  });
});
