import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ServingSet, servingSets } from "./serving-sets.ts";
import { CUSTOM_AVATAR, explainSize, type GroupSupply, type SetDemand, sizeGroups } from "./size.ts";

const gpu: GroupSupply = { name: "gpu", slotsPerWorker: 4, min: 0, max: 5, sessions: 0, replicas: 0, lost: 0 };
const cpu: GroupSupply = { name: "cpu", slotsPerWorker: 1, min: 0, max: 3, sessions: 0, replicas: 0, lost: 0 };

function of(groups: string, change: Partial<SetDemand> = {}): SetDemand {
  const set: ServingSet = { key: groups, groups: groups.split("+"), presets: ["maya"] };
  return { set, queued: 0, warm: 1, deficit: 0, because: "", ...change };
}

const workers = (groups: readonly GroupSupply[], ...demands: SetDemand[]) =>
  Object.fromEntries(sizeGroups(groups, demands).groups.map((size) => [size.supply.name, size.workers]));

describe("sizeGroups", () => {
  it("keeps the warm slots free beside the sessions, for every set", () => {
    expect(workers([{ ...gpu, sessions: 8 }, cpu], of("gpu"), of("cpu"))).toEqual({ gpu: 3, cpu: 1 });
  });

  it("uses free slots from rounding up or from min before it adds workers", () => {
    expect(workers([{ ...gpu, sessions: 7 }], of("gpu"))).toEqual({ gpu: 2 });
    expect(workers([{ ...gpu, min: 3 }], of("gpu", { warm: 12 }))).toEqual({ gpu: 3 });
    expect(workers([gpu, { ...cpu, min: 2 }], of("gpu+cpu", { queued: 2, warm: 0 }))).toEqual({ gpu: 0, cpu: 2 });
  });

  it("adds a slot for each waiting launch and restores the buffer", () => {
    expect(workers([gpu], of("gpu", { queued: 8 }))).toEqual({ gpu: 3 });
  });

  it("raises the buffer by refusals, only for groups that can serve them", () => {
    expect(workers([gpu, cpu], of("gpu"), of("cpu", { deficit: 2 }))).toEqual({ gpu: 1, cpu: 3 });
  });

  it("fills the first group, and the next one if the first may not grow", () => {
    const demand = of("gpu+cpu", { queued: 6 });
    expect(workers([gpu, cpu], demand)).toEqual({ gpu: 2, cpu: 0 });
    expect(workers([{ ...gpu, max: 1 }, cpu], demand)).toEqual({ gpu: 1, cpu: 3 });
  });

  it("reserves a group for presets that no other group serves", () => {
    const groups = [
      { ...gpu, max: 1 },
      { ...cpu, max: 9 },
    ];
    const sizing = sizeGroups(groups, [of("gpu", { queued: 4, warm: 0 }), of("gpu+cpu", { queued: 3, warm: 0 })]);
    expect(sizing.groups.map((size) => size.workers)).toEqual([1, 3]);
    expect(sizing.unmet.size).toBe(0);
  });

  it("reports the slots that no group may add", () => {
    const sizing = sizeGroups([{ ...gpu, max: 1 }], [of("gpu", { queued: 6 })]);
    expect(sizing.groups[0]).toMatchObject({ workers: 1, atMaximum: true });
    expect(sizing.unmet).toEqual(new Map([["gpu", 3]]));
  });

  it("replaces lost workers, within max", () => {
    expect(workers([{ ...gpu, sessions: 4, lost: 1 }], of("gpu", { warm: 4 }))).toEqual({ gpu: 3 });
    expect(workers([{ ...gpu, min: 2, lost: 1 }], of("gpu"))).toEqual({ gpu: 3 });
    expect(workers([{ ...gpu, sessions: 20, lost: 2 }], of("gpu"))).toEqual({ gpu: 5 });
  });
});

describe("sizeGroups during a shortage of nodes", () => {
  const short = { ...gpu, max: 10, nodes: { placed: 2, obtainable: 2, asked: 3 } };

  it("moves the missing workers to the next group, and keeps requesting as many as may wait", () => {
    expect(workers([short, { ...cpu, max: 99 }], of("gpu+cpu", { queued: 20, warm: 0 }))).toEqual({ gpu: 3, cpu: 12 });
  });

  it("requests no more workers than are wanted", () => {
    expect(workers([short], of("gpu", { queued: 8, warm: 0 }))).toEqual({ gpu: 2 });
    expect(workers([short], of("gpu", { queued: 4, warm: 0 }))).toEqual({ gpu: 1 });
  });

  it("reports lacking nodes and not the maximum in the arithmetic", () => {
    const sizing = sizeGroups([short], [of("gpu", { queued: 20, warm: 0 })]);
    expect(sizing.unmet.size).toBe(0);
    expect(sizing.groups[0]).toMatchObject({ workers: 3, wanted: 5, atMaximum: false });
    expect(explainSize(sizing.groups[0]!)).toBe(
      "0 sessions + 8 queued + 0 warm = 8 slots / 4 per worker = 2, but 5 are required: no node for the others now",
    );
  });

  it("keeps the workers of the next group until the first has nodes, and adds none there meanwhile", () => {
    const hoping = { ...short, nodes: { placed: 2, obtainable: 5, asked: 5 } };
    const demand = of("gpu+cpu", { queued: 20, warm: 0 });
    expect(workers([hoping, { ...cpu, max: 99, replicas: 12 }], demand)).toEqual({ gpu: 5, cpu: 12 });
    expect(workers([hoping, { ...cpu, max: 99, replicas: 20 }], demand)).toEqual({ gpu: 5, cpu: 12 });
    expect(workers([hoping, { ...cpu, max: 99, replicas: 4 }], demand)).toEqual({ gpu: 5, cpu: 4 });
    const placed = { ...short, nodes: { placed: 5, obtainable: 6, asked: 6 } };
    expect(workers([placed, { ...cpu, max: 99, replicas: 12 }], demand)).toEqual({ gpu: 5, cpu: 0 });
    const sizing = sizeGroups([hoping, { ...cpu, max: 99, replicas: 4 }], [demand]);
    expect(explainSize(sizing.groups[1]!)).toBe(
      "0 sessions + 0 queued + 0 warm = 0 slots / 1 per worker = 0, plus 4 kept until the workers of earlier groups have nodes",
    );
  });

  it("keeps requesting a worker of the next group while neither group has nodes", () => {
    const none = { ...cpu, max: 99, replicas: 1, nodes: { placed: 0, obtainable: 0, asked: 1 } };
    const sizing = sizeGroups([short, none], [of("gpu+cpu", { queued: 20, warm: 0 })]);
    expect(sizing.groups.map((size) => size.workers)).toEqual([3, 1]);
    expect(explainSize(sizing.groups[1]!)).toContain("= 0, plus 1 in case a node is found");
    expect(workers([short, none], of("gpu+cpu", { queued: 8, warm: 0 }))).toEqual({ gpu: 2, cpu: 0 });
  });

  it("keeps min for any number of nodes", () => {
    expect(workers([{ ...short, min: 6 }], of("gpu"))).toEqual({ gpu: 6 });
  });
});

const limitOf = ({ placed, found, probes }: { placed: number; found: number; probes: number }) => ({
  placed,
  obtainable: placed + found,
  asked: placed + found + probes,
});
const presets = ["maya", "leo", CUSTOM_AVATAR];
const pools = fc
  .record({
    groups: fc.array(
      fc.record({
        serves: fc.subarray(presets).map((list) => new Set(list)),
        slotsPerWorker: fc.integer({ min: 1, max: 9 }),
        min: fc.integer({ min: 0, max: 5 }),
        extra: fc.integer({ min: 1, max: 20 }),
        sessions: fc.nat(300),
        replicas: fc.nat(20),
        lost: fc.nat(3),
        nodes: fc.option(fc.record({ placed: fc.nat(20), found: fc.nat(4), probes: fc.nat(4) })),
      }),
      { maxLength: 5 },
    ),
    demands: fc.array(fc.record({ queued: fc.nat(60), warm: fc.nat(40), deficit: fc.nat(60) }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ groups, demands }) => {
    const named = groups.map((group, index) => ({ ...group, name: `g${index}` }));
    const sets = servingSets(named, presets);
    return {
      groups: named.map(
        ({ extra, nodes, serves: _, ...group }): GroupSupply => ({
          ...group,
          max: group.min + extra,
          ...(nodes === null ? {} : { nodes: limitOf(nodes) }),
        }),
      ),
      demands: sets.map((set, index): SetDemand => ({ set, because: "", ...demands[index]! })),
    };
  });

const slotsFree = ({ supply, workers: count, queued }: ReturnType<typeof sizeGroups>["groups"][number]) =>
  Math.max(0, (count - supply.lost) * supply.slotsPerWorker - supply.sessions - queued);

describe("sizeGroups, for any pool", () => {
  it("stays within min and max", () => {
    fc.assert(
      fc.property(pools, ({ groups, demands }) => {
        sizeGroups(groups, demands).groups.forEach((size, index) => {
          expect(size.workers).toBeGreaterThanOrEqual(groups[index]!.min);
          expect(size.workers).toBeLessThanOrEqual(groups[index]!.max);
        });
      }),
    );
  });

  it("gives every set its free slots, or reports the missing number", () => {
    fc.assert(
      fc.property(pools, ({ groups, demands }) => {
        const sizing = sizeGroups(
          groups.map((group) => ({ ...group, nodes: undefined })),
          demands,
        );
        for (const { set, warm, deficit } of demands) {
          const free = sizing.groups
            .filter(({ supply }) => set.groups.includes(supply.name))
            .reduce((sum, size) => sum + slotsFree(size), 0);
          expect(free + (sizing.unmet.get(set.key) ?? 0)).toBeGreaterThanOrEqual(warm + deficit);
        }
      }),
    );
  });

  it("never requests more than a few workers beyond those with a node", () => {
    fc.assert(
      fc.property(pools, ({ groups, demands }) => {
        for (const { supply, workers: count } of sizeGroups(groups, demands).groups)
          if (supply.nodes !== undefined) expect(count).toBeLessThanOrEqual(Math.max(supply.min, supply.nodes.asked));
      }),
    );
  });

  it("has no more workers than the arithmetic that it states", () => {
    fc.assert(
      fc.property(pools, ({ groups, demands }) => {
        for (const size of sizeGroups(groups, demands).groups) {
          const { supply, queued, buffer } = size;
          const needed = Math.ceil((supply.sessions + queued + buffer) / supply.slotsPerWorker);
          if (supply.nodes === undefined)
            expect(size.workers).toBe(Math.min(supply.max, supply.lost + Math.max(supply.min, needed)));
          expect(explainSize(size)).toContain(`= ${needed}`);
        }
      }),
    );
  });
});
