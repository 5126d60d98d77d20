import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareEndpoints, type Endpoint, type EndpointClass, EndpointIndex } from "./endpoint-index.ts";
import { pickEndpoint, type Wanted, whyNone } from "./endpoint-picker.ts";

interface Shape {
  readonly uid: string;
  readonly group: string;
  readonly own: boolean;
  readonly free: number;
  readonly weight: number;
  /** Loaded: every preset, a warm pipeline, or nothing. */
  readonly has: "loaded" | "warm" | "cold";
  /** Presets that the worker served. */
  readonly served: readonly string[];
}

const worker = (uid: string, changes: Partial<Shape> = {}): Shape => ({
  uid,
  group: "gpu",
  own: true,
  free: 1,
  weight: 0,
  has: "warm",
  served: [],
  ...changes,
});

function endpointOf(shape: Shape): Endpoint<Shape> | undefined {
  const { uid, group, own, free, weight, has, served } = shape;
  if (free === 0) return undefined;
  const classes: EndpointClass[] = [has, ...(has === "loaded" ? [] : served.map((preset) => `served/${preset}` as const))];
  return { worker: shape, uid, name: uid, group, own, free, weight, classes };
}

function indexOf(workers: readonly Shape[]): EndpointIndex<Shape> {
  const endpoints = new EndpointIndex<Shape>();
  for (const shape of workers) endpoints.put(shape, endpointOf(shape));
  return endpoints;
}

const wanted: Wanted = { groups: ["gpu", "spare"], preset: "maya", tried: new Set() };
const picked = (workers: readonly Shape[], changes: Partial<Wanted> = {}) =>
  pickEndpoint(indexOf(workers), { ...wanted, ...changes })?.worker.uid;

describe("pick", () => {
  it("prefers a worker with the preset to a warm one, and a warm one to a cold one, even in a later group", () => {
    const cold = worker("a", { has: "cold" });
    const warm = worker("b", { group: "spare", free: 2 });
    const served = worker("c", { has: "cold", group: "spare", free: 3, served: ["maya"] });
    const loaded = worker("d", { has: "loaded", group: "spare", free: 3 });
    expect(picked([cold, warm])).toBe("b");
    expect(picked([cold, warm, served])).toBe("c");
    expect(picked([cold, warm, loaded])).toBe("d");
    expect(picked([warm, served], { preset: "leo" })).toBe("b");
  });

  it("then prefers the earlier group of the pool", () => {
    expect(picked([worker("a", { group: "spare" }), worker("b", { free: 2 })])).toBe("b");
  });

  it("then prefers the gateway's own share, even an emptier worker", () => {
    expect(picked([worker("a", { own: false }), worker("b", { free: 2 })])).toBe("b");
  });

  it("then prefers the fullest worker with a free slot", () => {
    expect(picked([worker("a", { free: 3 }), worker("b"), worker("c", { free: 0 }), worker("d", { free: 2 })])).toBe("b");
  });

  it("outside its share, prefers the worker with the highest weight for this gateway", () => {
    const others = [worker("a", { own: false, weight: 1 }), worker("b", { own: false, weight: 7 })];
    expect(picked(others)).toBe("b");
  });

  it("does not try a worker twice", () => {
    expect(picked([worker("a"), worker("b")], { tried: new Set(["a"]) })).toBe("b");
    expect(picked([worker("a")], { tried: new Set(["a"]) })).toBeUndefined();
  });

  it("picks a warm worker for an image that is no preset", () => {
    expect(picked([worker("a", { has: "cold", served: ["maya"] }), worker("b")], { preset: undefined })).toBe("b");
  });

  const shapes = fc.array(
    fc.record({
      uid: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      group: fc.constantFrom("gpu", "spare", "other"),
      own: fc.boolean(),
      free: fc.nat(2),
      weight: fc.nat(1),
      has: fc.constantFrom("loaded" as const, "warm" as const, "cold" as const),
      served: fc.subarray(["maya", "leo"]),
    }),
    { maxLength: 30 },
  );

  it("finds the same worker as a full scan, after any history", () => {
    fc.assert(
      fc.property(shapes, fc.subarray(["a", "b", "c"]), fc.constantFrom("maya", undefined), (changes, triedList, preset) => {
        const tried = new Set(triedList);
        const now = new Map(changes.map((shape) => [shape.uid, shape]));
        const rank = ({ has, served }: Shape) => {
          if (has === "loaded" || (preset !== undefined && served.includes(preset))) return 0;
          return has === "warm" ? (preset === undefined ? 0 : 1) : 2;
        };
        const able = [...now.values()].filter(
          ({ uid, group, free }) => wanted.groups.includes(group) && free > 0 && !tried.has(uid),
        );
        able.sort(
          (a, b) =>
            rank(a) - rank(b) ||
            wanted.groups.indexOf(a.group) - wanted.groups.indexOf(b.group) ||
            compareEndpoints({ ...a, worker: a, name: a.uid, classes: [] }, { ...b, worker: b, name: b.uid, classes: [] }),
        );
        // The index got every change in order. Each worker is one object with its uid.
        expect(picked(changes, { tried, preset })).toBe(able[0]?.uid);
      }),
      { numRuns: 500 },
    );
  });
});

type Checked = Parameters<typeof whyNone>[0] extends Iterable<infer One> ? One : never;

describe("whyNone", () => {
  const candidate = (uid: string, changes: Partial<Checked> = {}): Checked => ({
    uid,
    group: "gpu",
    usable: true,
    cordoned: false,
    terminating: false,
    ...changes,
  });

  it.each<[string, readonly Checked[]]>([
    ["no-workers", [candidate("a", { group: "other" })]],
    ["none-usable", [candidate("a", { usable: false })]],
    [
      "all-cordoned",
      [candidate("a", { usable: false }), candidate("b", { cordoned: true }), candidate("c", { terminating: true })],
    ],
    ["all-tried", [candidate("tried"), candidate("a", { cordoned: true })]],
    ["all-full", [candidate("a", { cordoned: true }), candidate("b")]],
  ])("returns %s", (reason, workers) => {
    expect(whyNone(workers, { ...wanted, tried: new Set(["tried"]) })).toBe(reason);
  });
});
