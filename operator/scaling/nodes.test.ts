import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NODE_PATIENCE_MS, type NodeShortage, nodeOutlook, type Placement } from "./nodes.ts";

const NOW_MS = 10_000_000;
const ago = (seconds: number, unschedulable = true) => ({ createdAtMs: NOW_MS - seconds * 1_000, unschedulable });
const placement = (placed: number, ...waiting: ReturnType<typeof ago>[]): Placement => ({
  replicas: placed + waiting.length,
  placed,
  waiting,
});
const shortage = (allowance: number, secondsAgo: number): NodeShortage => ({ allowance, changedAtMs: NOW_MS - secondsAgo * 1_000 });

describe("nodeOutlook", () => {
  it("limits nothing while every worker has a node, or waits for one for less than a minute", () => {
    expect(nodeOutlook(undefined, placement(3), NOW_MS)).toEqual({ shortage: undefined, limit: undefined, dueMs: undefined });
    const waits = nodeOutlook(undefined, placement(3, ago(59), ago(10)), NOW_MS);
    expect(waits).toEqual({ shortage: undefined, limit: undefined, dueMs: NOW_MS + 1_000 });
  });

  it("does not count the time that a pod waits for something other than a node", () => {
    expect(nodeOutlook(undefined, placement(3, ago(600, false)), NOW_MS).limit).toBeUndefined();
  });

  it("then counts only workers with a node, and allows four to wait", () => {
    const ten = Array.from({ length: 10 }, () => ago(60));
    expect(nodeOutlook(undefined, placement(3, ...ten), NOW_MS)).toEqual({
      shortage: { allowance: 4, changedAtMs: NOW_MS },
      limit: { placed: 3, obtainable: 3, asked: 7 },
      dueMs: NOW_MS + NODE_PATIENCE_MS,
    });
  });

  it("halves the allowance every minute, down to one", () => {
    const waiting = placement(3, ago(900), ago(900));
    expect(nodeOutlook(shortage(4, 59), waiting, NOW_MS).limit).toEqual({ placed: 3, obtainable: 3, asked: 7 });
    expect(nodeOutlook(shortage(4, 60), waiting, NOW_MS).limit).toEqual({ placed: 3, obtainable: 3, asked: 5 });
    const last = nodeOutlook(shortage(2, 60), waiting, NOW_MS);
    expect(last.limit).toEqual({ placed: 3, obtainable: 3, asked: 4 });
    expect(last.dueMs).toBeUndefined();
    expect(nodeOutlook(shortage(1, 900), waiting, NOW_MS)).toMatchObject({ shortage: { allowance: 1 }, dueMs: undefined });
  });

  it("doubles the allowance when nodes are found, and counts on them", () => {
    const found = nodeOutlook(shortage(1, 900), placement(4), NOW_MS);
    expect(found).toMatchObject({ shortage: { allowance: 2 }, limit: { placed: 4, obtainable: 6, asked: 6 } });
    // Two workers are requested but not visible, then visible but not placed: the outlook is unknown.
    expect(nodeOutlook(found.shortage, { replicas: 6, placed: 4, waiting: [] }, NOW_MS).shortage).toBe(found.shortage);
    expect(nodeOutlook(found.shortage, placement(4, ago(1), ago(1, false)), NOW_MS).limit).toEqual({
      placed: 4,
      obtainable: 6,
      asked: 6,
    });
  });

  it("ends the shortage when the limit no longer limits anything", () => {
    expect(nodeOutlook(shortage(4, 900), placement(3), NOW_MS).limit).toBeUndefined();
  });

  it("counts replicas outside its view as existing", () => {
    const lagging = { replicas: 20, placed: 2, waiting: [ago(90)] };
    expect(nodeOutlook(undefined, lagging, NOW_MS).limit).toEqual({ placed: 2, obtainable: 19, asked: 23 });
  });

  it("never requests fewer workers than have a node, for any view", () => {
    const waiting = fc.array(fc.record({ createdAtMs: fc.integer({ min: 0, max: NOW_MS }), unschedulable: fc.boolean() }), {
      maxLength: 30,
    });
    const before = fc.option(fc.record({ allowance: fc.integer({ min: 1, max: 64 }), changedAtMs: fc.nat(NOW_MS) }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(before, fc.nat(50), fc.nat(50), waiting, (memory, replicas, placed, pods) => {
        const { limit } = nodeOutlook(memory, { replicas, placed, waiting: pods }, NOW_MS);
        if (limit === undefined) return;
        expect(limit.obtainable).toBeGreaterThanOrEqual(placed);
        expect(limit.asked).toBeGreaterThan(limit.obtainable - 1);
        expect(limit.asked).toBeGreaterThan(placed);
      }),
    );
  });
});
