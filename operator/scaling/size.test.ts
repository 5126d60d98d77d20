import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CUSTOM_AVATAR, type Demand, explainSize, type GroupSupply, sizeGroups } from "./size.ts";

const gpu: GroupSupply = { name: "gpu", serves: new Set(["maya", CUSTOM_AVATAR]), slotsPerWorker: 4, min: 0, max: 5, sessions: 0 };
const cpu: GroupSupply = { name: "cpu", serves: new Set(["leo"]), slotsPerWorker: 1, min: 0, max: 3, sessions: 0 };

function demand(change: Partial<Demand> = {}): Demand {
  return { presets: ["maya", "leo"], warmSlots: 1, queued: new Map(), pressure: new Map(), ...change };
}

const workers = (groups: readonly GroupSupply[], wanted: Demand) =>
  Object.fromEntries(sizeGroups(groups, wanted).groups.map(({ supply, workers }) => [supply.name, workers]));

describe("sizeGroups", () => {
  it("keeps the warm slots free beside the sessions, for every preset", () => {
    expect(workers([{ ...gpu, sessions: 8 }, cpu], demand())).toEqual({ gpu: 3, cpu: 1 });
  });

  it("counts slots that rounding up or min leave free before it asks for more", () => {
    expect(workers([{ ...gpu, sessions: 7 }], demand({ presets: ["maya"] }))).toEqual({ gpu: 2 });
    expect(workers([{ ...gpu, min: 3 }], demand({ presets: ["maya"], warmSlots: 12 }))).toEqual({ gpu: 3 });
  });

  it("gives waiting launches a slot and the buffer back besides", () => {
    expect(workers([gpu], demand({ presets: ["maya"], queued: new Map([["maya", 8]]) }))).toEqual({ gpu: 3 });
  });

  it("raises the buffer by refusals, only where they can be served", () => {
    expect(workers([gpu, cpu], demand({ pressure: new Map([["leo", 2]]) }))).toEqual({ gpu: 1, cpu: 3 });
  });

  it("grows for custom avatars without keeping slots warm for them", () => {
    const only = { ...gpu, serves: new Set([CUSTOM_AVATAR]) };
    expect(workers([only], demand({ presets: [] }))).toEqual({ gpu: 0 });
    expect(workers([only], demand({ presets: [], queued: new Map([[CUSTOM_AVATAR, 5]]) }))).toEqual({ gpu: 2 });
  });

  it("spills to the next group that serves the preset when the first may not grow", () => {
    const spill = { ...cpu, name: "spill", serves: new Set(["maya"]), max: 10 };
    const sizing = sizeGroups([{ ...gpu, max: 1 }, spill], demand({ presets: ["maya"], queued: new Map([["maya", 6]]) }));
    expect(sizing.groups.map((group) => group.workers)).toEqual([1, 3]);
    expect(sizing.unmet.size).toBe(0);
  });

  it("says what no group may grow for", () => {
    const sizing = sizeGroups([{ ...gpu, max: 1 }], demand({ presets: ["maya"], queued: new Map([["maya", 6]]) }));
    expect(sizing.groups[0]).toMatchObject({ workers: 1, atMaximum: true });
    expect(sizing.unmet).toEqual(new Map([["maya", 3]]));
  });
});

const supplies = fc
  .array(
    fc.record({
      serves: fc.subarray(["maya", "leo", CUSTOM_AVATAR]).map((list) => new Set(list)),
      slotsPerWorker: fc.integer({ min: 1, max: 9 }),
      min: fc.integer({ min: 0, max: 5 }),
      extra: fc.integer({ min: 1, max: 20 }),
      sessions: fc.nat(300),
    }),
    { maxLength: 5 },
  )
  .map((list) => list.map(({ extra, ...group }, index): GroupSupply => ({ ...group, name: `g${index}`, max: group.min + extra })));

const counts = fc
  .dictionary(fc.constantFrom("maya", "leo", CUSTOM_AVATAR), fc.nat(60))
  .map((record) => new Map(Object.entries(record)));
const demands = fc.record({ warmSlots: fc.nat(40), queued: counts, pressure: counts }).map((change) => demand(change));

describe("sizeGroups, for any pool", () => {
  it("stays within min and max", () => {
    fc.assert(
      fc.property(supplies, demands, (groups, wanted) => {
        sizeGroups(groups, wanted).groups.forEach((size, index) => {
          expect(size.workers).toBeGreaterThanOrEqual(groups[index]!.min);
          expect(size.workers).toBeLessThanOrEqual(groups[index]!.max);
        });
      }),
    );
  });

  it("leaves every preset its warm slots, or says how many it lacks", () => {
    fc.assert(
      fc.property(supplies, demands, (groups, wanted) => {
        const sizing = sizeGroups(groups, wanted);
        for (const preset of wanted.presets) {
          const free = sizing.groups.reduce((sum, size, index) => {
            const group = groups[index]!;
            return (
              sum + (group.serves.has(preset) ? Math.max(0, size.workers * group.slotsPerWorker - group.sessions - size.queued) : 0)
            );
          }, 0);
          expect(free + (sizing.unmet.get(preset) ?? 0)).toBeGreaterThanOrEqual(wanted.warmSlots);
        }
      }),
    );
  });

  it("never asks for fewer workers when demand grows", () => {
    fc.assert(
      fc.property(supplies, demands, (groups, wanted) => {
        const before = sizeGroups(groups, wanted).groups;
        const queued = new Map(wanted.queued).set("maya", (wanted.queued.get("maya") ?? 0) + 1);
        const after = sizeGroups(groups, { ...wanted, queued }).groups;
        const total = (sizes: typeof before) => sizes.reduce((sum, { workers: count }) => sum + count, 0);
        expect(total(after)).toBeGreaterThanOrEqual(total(before));
      }),
    );
  });

  it("has no more workers than the arithmetic that it states", () => {
    fc.assert(
      fc.property(supplies, demands, (groups, wanted) => {
        sizeGroups(groups, wanted).groups.forEach((size, index) => {
          const group = groups[index]!;
          const needed = Math.ceil((group.sessions + size.queued + size.buffer) / group.slotsPerWorker);
          expect(size.workers).toBe(Math.min(group.max, Math.max(group.min, needed)));
          expect(explainSize(size)).toContain(`= ${needed}`);
        });
      }),
    );
  });
});
