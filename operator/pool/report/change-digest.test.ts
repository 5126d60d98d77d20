import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DecisionRecord, outcomeOf } from "../planning/decision.ts";
import { addChanges, digestNote, noChanges } from "./change-digest.ts";

const change = (group: string, from: number, to: number, reason = "why"): DecisionRecord => ({
  atMs: 0,
  group,
  from,
  to,
  arithmetic: "",
  outcome: outcomeOf(from, to),
  reason,
});

describe("the note on changes of size", () => {
  it("is the sentence of a single change, and a summary by group for several", () => {
    const one = addChanges(noChanges, [change("gpu", 1, 2)]);
    expect(digestNote(one)).toBe("gpu 1 -> 2: why");
    const more = addChanges(one, [change("gpu", 2, 5), change("cpu", 0, 1, "spill"), change("gpu", 5, 3, "enough")]);
    expect(digestNote(more)).toBe("gpu 1 -> 3 in 3 changes between 1 and 5, latest: enough; cpu 0 -> 1: spill");
    expect(digestNote(noChanges)).toBe("");
  });

  it("divides the length of an event among many groups", () => {
    const groups = Array.from({ length: 16 }, (_, index) => `group-${index}`);
    const note = digestNote(
      addChanges(
        noChanges,
        groups.map((group) => change(group, 0, 1, "x".repeat(400))),
      ),
    );
    expect(Buffer.byteLength(note)).toBeGreaterThan(900);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    for (const group of groups) expect(note).toContain(`${group} 0 -> 1: xxx`);
  });

  it("fits into an event for any changes, and names every group", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1, maxLength: 16 });
    const size = fc.nat(10_000);
    fc.assert(
      fc.property(
        names,
        fc.array(fc.tuple(fc.nat(15), size, size, fc.string({ unit: "grapheme", maxLength: 900 }))),
        (groups, list) => {
          const changes = list.map(([index, from, to, reason]) => change(groups[index % groups.length]!, from, to, reason));
          const note = digestNote(addChanges(noChanges, changes));
          expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
          for (const { group } of changes) expect(note).toContain(`${group} `);
        },
      ),
    );
  });
});
