import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { ExpiringMap } from "./expiring-map.ts";

describe("ExpiringMap", () => {
  it("keeps an entry for its time to live, which restarts when the entry is set again", async () => {
    const clock = new FakeClock();
    const map = new ExpiringMap<string, number>({ clock, ttlMs: 100, max: 10 });
    map.set("a", 1);
    await clock.advance(60);
    map.set("a", 2);
    await clock.advance(99);
    expect(map.get("a")).toBe(2);
    await clock.advance(1);
    expect([map.get("a"), map.size]).toEqual([undefined, 0]);
  });

  it("removes the oldest entry beyond the maximum, and reports its key", () => {
    const gone: string[] = [];
    const onExpired = (key: string) => gone.push(key);
    const map = new ExpiringMap<string, number>({ clock: new FakeClock(), ttlMs: 100, max: 2, onExpired });
    for (const key of ["a", "b", "a", "c"]) map.set(key, 0);
    expect([...map.keys()].sort()).toEqual(["a", "c"]);
    expect(gone).toEqual(["b"]);
  });

  it("holds the same entries as a list after any operations", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), key: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant("delete" as const), key: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 60 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new FakeClock();
        const map = new ExpiringMap<number, number>({ clock, ttlMs: 100, max: 3 });
        let list: { readonly key: number; readonly setMs: number }[] = [];
        for (const taken of steps) {
          if (taken.kind === "wait") await clock.advance(taken.ms);
          else if (taken.kind === "delete") map.delete(taken.key);
          else map.set(taken.key, clock.now());
          if (taken.kind !== "wait") list = list.filter(({ key }) => key !== taken.key);
          if (taken.kind === "set") list.push({ key: taken.key, setMs: clock.now() });
          list = list.filter(({ setMs }) => clock.now() - setMs < 100).slice(-3);
          expect([...map.keys()].sort()).toEqual(list.map(({ key }) => key).sort());
          for (const { key, setMs } of list) expect(map.get(key)).toBe(setMs);
        }
      }),
    );
  });
});
