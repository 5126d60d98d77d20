import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, pick } from "./pick.ts";

interface Shape extends Omit<Candidate, "hasLoaded"> {
  readonly loaded: boolean;
}

const worker = (name: string, changes: Partial<Shape> = {}): Candidate & Shape => {
  const shape = {
    uid: name,
    name,
    group: "gpu",
    usable: true,
    cordoned: false,
    terminating: false,
    free: 1,
    loaded: true,
    ...changes,
  };
  return { ...shape, hasLoaded: () => shape.loaded };
};

const wanted = { groups: ["gpu", "spare"], preset: "maya", tried: new Set<string>() };
const nameOf = (workers: readonly Candidate[], changes: Partial<typeof wanted> = {}) => {
  const picked = pick(workers, { ...wanted, ...changes });
  return picked.worker === undefined ? picked.reason : picked.worker.name;
};

describe("pick", () => {
  it("prefers a worker with the preset loaded, even in a later group and emptier", () => {
    expect(nameOf([worker("a", { loaded: false }), worker("b", { group: "spare", free: 2 })])).toBe("b");
  });

  it("then the earlier group of the pool", () => {
    expect(nameOf([worker("a", { group: "spare" }), worker("b", { free: 2 })])).toBe("b");
  });

  it("then the fullest with a free slot, so that others stay empty", () => {
    expect(nameOf([worker("a", { free: 3 }), worker("b", { free: 1 }), worker("c", { free: 0 }), worker("d", { free: 2 })])).toBe(
      "b",
    );
  });

  it("then the first by name, whatever the order", () => {
    expect(nameOf([worker("b"), worker("a"), worker("c")])).toBe("a");
  });

  it.each([
    ["no-workers", [worker("a", { group: "other" })]],
    ["none-usable", [worker("a", { usable: false })]],
    ["all-cordoned", [worker("a", { usable: false }), worker("b", { cordoned: true }), worker("c", { terminating: true })]],
    ["all-full", [worker("a", { cordoned: true }), worker("b", { free: 0 })]],
  ])("says %s when none can serve", (reason, workers) => {
    expect(nameOf(workers)).toBe(reason);
  });

  it("does not try a worker twice", () => {
    expect(nameOf([worker("a"), worker("b")], { tried: new Set(["a"]) })).toBe("b");
    expect(nameOf([worker("a")], { tried: new Set(["a"]) })).toBe("all-tried");
  });

  const shapes = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 3 }),
      group: fc.constantFrom("gpu", "spare", "other"),
      usable: fc.boolean(),
      cordoned: fc.boolean(),
      terminating: fc.boolean(),
      free: fc.nat(2),
      loaded: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 12 },
  );

  it("never picks a worker that cannot serve, and always picks one if any can", () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(11)), (list, triedAt) => {
        const workers = list.map(({ name, ...shape }) => worker(name, shape));
        const tried = new Set(triedAt.flatMap((at) => workers[at]?.uid ?? []));
        const able = workers.filter(
          ({ uid, group, usable, cordoned, terminating, free }) =>
            wanted.groups.includes(group) && usable && !cordoned && !terminating && free > 0 && !tried.has(uid),
        );
        const picked = pick(workers, { ...wanted, tried });
        if (able.length === 0) expect(picked.worker).toBeUndefined();
        else expect(able).toContain(picked.worker);
        expect(picked.worker !== undefined && picked.loaded).toBe(able.some(({ loaded }) => loaded));
      }),
    );
  });

  it("does not depend on the order in which workers are listed", () => {
    fc.assert(
      fc.property(shapes, (list) => {
        const workers = list.map(({ name, ...shape }) => worker(name, shape));
        expect(nameOf([...workers].reverse())).toBe(nameOf(workers));
      }),
    );
  });
});
