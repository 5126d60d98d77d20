import { describe, expect, it } from "vitest";
import { ClientCuts } from "./client-cuts.ts";

const noted = (waitsMs: readonly number[], cuts = new ClientCuts(), nowMs = 0) => waitsMs.map((ms) => cuts.note(ms, nowMs));

describe("ClientCuts", () => {
  it("reports clients that disconnect after the same time, also among other clients", () => {
    const hints = noted([60_010, 3_000, 59_990, 60_020, 12_000, 60_000, 31_000, 60_400]);
    expect(hints.slice(0, -1).every((hint) => hint === undefined)).toBe(true);
    expect(hints.at(-1)).toEqual({ afterSeconds: 60, launches: 5 });
  });

  it("reports nothing if clients disconnect after different times", () => {
    expect(noted([5_000, 11_000, 17_000, 23_000, 29_000, 35_000, 41_000])).toEqual(Array(7).fill(undefined));
  });

  it("reports nothing for clients that did not wait", () => {
    expect(noted(Array(10).fill(100))).toEqual(Array(10).fill(undefined));
  });

  it("ignores old disconnects", () => {
    const cuts = new ClientCuts();
    noted(Array(4).fill(60_000), cuts);
    noted(
      Array.from({ length: 20 }, (_, at) => 2_000 + at * 2_500),
      cuts,
    );
    expect(cuts.note(60_000, 0)).toBeUndefined();
  });

  it("repeats the report after ten minutes, not before", () => {
    const cuts = new ClientCuts();
    expect(noted(Array(6).fill(60_000), cuts).filter((hint) => hint !== undefined)).toHaveLength(1);
    expect(cuts.note(60_000, 599_999)).toBeUndefined();
    expect(cuts.note(60_000, 600_000)).toEqual({ afterSeconds: 60, launches: 8 });
  });
});
