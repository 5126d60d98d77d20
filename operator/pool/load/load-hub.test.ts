import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { load, NOW_MS, report } from "../../../test/support/pools.ts";
import type { LoadReport, PoolLoad } from "../../api/load-report.ts";
import { LoadHub } from "./load-hub.ts";

const KEY = "avatars/support";
const worker = (change: Partial<PoolLoad["workers"][number]> = {}): PoolLoad["workers"][number] => ({
  pod: "w",
  uid: "w",
  ready: true,
  sessions: 0,
  reserved: 0,
  slots: 2,
  cordoned: false,
  ...change,
});

/** A hub with these gateways, after one full line of each. */
function hubWith(loads: Readonly<Record<string, Partial<PoolLoad>>>): LoadHub {
  const hub = new LoadHub();
  hub.setGateways(Object.keys(loads), NOW_MS);
  for (const [address, change] of Object.entries(loads)) hub.accept(address, report(address, [load(change)]), NOW_MS);
  return hub;
}
const counts = (change: Partial<{ worker503: number; waited: number; refused: number }>) => ({
  maya: { worker503: 0, waited: 0, refused: 0, ...change },
});

describe("LoadHub", () => {
  it("uses the largest report of a worker's sessions, and adds up the reservations of the gateways", () => {
    const hub = hubWith({
      a: { workers: [worker({ sessions: 2, reserved: 1 })], queued: { maya: 1 } },
      b: { workers: [worker({ sessions: 1, reserved: 3 })], queued: { maya: 2 } },
    });
    const view = hub.view(KEY, NOW_MS);
    expect(view.workers.get("w")).toMatchObject({ sessions: 2, reserved: 4 });
    expect(view.queued).toEqual(new Map([["maya", 3]]));
  });

  it("keeps the last list of workers if a line reports a shortage only", () => {
    const hub = hubWith({ a: { workers: [worker({ sessions: 2 })] } });
    const { workers: _, ...shortage } = load({ queued: { maya: 1 }, shortages: counts({ waited: 1 }) });
    hub.accept("a", { gateway: "a", full: false, pools: [shortage] }, NOW_MS);
    const view = hub.view(KEY, NOW_MS);
    expect(view.workers.get("w")).toMatchObject({ sessions: 2 });
    expect([view.queued.get("maya"), view.pressurePerMinute]).toEqual([1, 1]);
  });

  it("reports a cordon as acknowledged only if every gateway that reports the worker acknowledges it", () => {
    const seen = { workers: [worker({ cordoned: true })] };
    const acknowledged = (loads: Parameters<typeof hubWith>[0]) =>
      hubWith(loads).view(KEY, NOW_MS).workers.get("w")?.cordonAcknowledged;
    expect(acknowledged({ a: seen, b: { workers: [worker()] } })).toBe(false);
    expect(acknowledged({ a: { workers: [worker()] }, b: seen })).toBe(false);
    expect(acknowledged({ a: seen, b: seen })).toBe(true);
    expect(acknowledged({ a: seen, b: {} })).toBe(true);
  });

  it("reports a silent gateway for a minute after it disconnected, and for a gateway that never connected", () => {
    const hub = hubWith({ a: {} });
    expect(hub.view(KEY, NOW_MS).gatewaySilent).toBe(false);
    hub.disconnected("a", NOW_MS);
    expect(hub.view(KEY, NOW_MS + 59_999)).toMatchObject({ gatewaySilent: true, gatewaysConnected: 0 });
    expect(hub.view(KEY, NOW_MS + 60_000).gatewaySilent).toBe(false);
    hub.setGateways(["a", "new"], NOW_MS + 60_000);
    expect(hub.view(KEY, NOW_MS + 60_000).gatewaySilent).toBe(true);
  });

  it("removes the reports of removed gateways, and ignores unknown gateways", () => {
    const hub = hubWith({ a: { queued: { maya: 1 } } });
    hub.setGateways([], NOW_MS);
    expect(hub.accept("a", report("a", [load({ queued: { maya: 1 } })]), NOW_MS)).toEqual([]);
    expect(hub.view(KEY, NOW_MS)).toMatchObject({ gatewaysConnected: 0, queued: new Map() });
  });

  it("uses the counters of a first line, or of a restarted gateway, as a base only", () => {
    const hub = hubWith({ a: { shortages: counts({ worker503: 50, refused: 7 }) } });
    expect(hub.view(KEY, NOW_MS).deficit).toEqual(new Map());
    hub.accept("a", report("restarted", [load({ shortages: counts({ worker503: 60 }) })]), NOW_MS);
    expect(hub.view(KEY, NOW_MS).pressurePerMinute).toBe(0);
  });

  it("raises the deficit by refusals and 503s, half of it a minute later; waiting launches are in the queue already", () => {
    const hub = hubWith({ a: { shortages: counts({ worker503: 50 }) } });
    hub.accept("a", report("a", [load({ shortages: counts({ worker503: 53, refused: 1, waited: 4 }) })], false), NOW_MS);
    expect(hub.view(KEY, NOW_MS)).toMatchObject({ deficit: new Map([["maya", 4]]), pressurePerMinute: 8 });
    const fallsAtMs = hub.view(KEY, NOW_MS).deficitFallsAtMs!;
    expect(hub.view(KEY, fallsAtMs).deficit).toEqual(new Map([["maya", 3]]));
    expect(hub.view(KEY, NOW_MS + 60_000)).toMatchObject({ deficit: new Map([["maya", 2]]), pressurePerMinute: 0 });
    expect(hub.view(KEY, NOW_MS + 180_000)).toMatchObject({ deficit: new Map(), deficitFallsAtMs: undefined });
  });

  it("keeps an account error for five minutes", () => {
    const hub = hubWith({ a: { accountErrors: { limit: { count: 3, lastMs: NOW_MS - 100_000 } } }, b: {} });
    hub.accept("b", report("b", [load({ accountErrors: { limit: { count: 1, lastMs: NOW_MS - 200_000 } } })], false), NOW_MS);
    expect(hub.view(KEY, NOW_MS).accountErrors).toEqual(new Map([["limit", NOW_MS + 200_000]]));
    expect(hub.view(KEY, NOW_MS + 200_000).accountErrors).toEqual(new Map());
  });

  it("keeps the time of the first shortage until a decision answers it", () => {
    const hub = hubWith({ a: {}, b: {} });
    hub.accept("a", report("a", [load({ shortSinceMs: 20 })], false), NOW_MS);
    hub.accept("b", report("b", [load({ shortSinceMs: 10 })], false), NOW_MS);
    expect(hub.view(KEY, NOW_MS).shortSinceMs).toBe(10);
    hub.answered(KEY, 20);
    expect(hub.view(KEY, NOW_MS).shortSinceMs, "the answer to another shortage").toBe(10);
    hub.answered(KEY, 10);
    expect(hub.view(KEY, NOW_MS).shortSinceMs).toBeUndefined();
  });

  it("returns the start-up times of ten minutes, ascending, and at most the last five hundred", () => {
    const hub = hubWith({ a: { startupsMs: [4_000, 3_000] } });
    expect(hub.view(KEY, NOW_MS).startupsMs).toEqual([3_000, 4_000]);
    expect(hub.view(KEY, NOW_MS + 600_000).startupsMs).toEqual([]);
    hub.accept("a", report("a", [load({ startupsMs: Array.from({ length: 600 }, (_, index) => index) })], false), NOW_MS);
    expect(hub.view(KEY, NOW_MS).startupsMs).toHaveLength(500);
  });

  it("counts shortages since it started, for restarted gateways too, and has the start-up times since a moment", () => {
    const hub = hubWith({ a: { shortages: counts({ worker503: 50 }), startupsMs: [1_000] } });
    expect(hub.tally(KEY, NOW_MS - 1)).toEqual({ shortages: { worker503: 0, waited: 0, refused: 0 }, startupsMs: [1_000] });
    const later = load({ shortages: counts({ worker503: 52, waited: 1, refused: 3 }), startupsMs: [2_000] });
    hub.accept("a", report("a", [later], false), NOW_MS + 1);
    hub.accept("a", report("restarted", [load({ shortages: counts({ worker503: 9 }) })]), NOW_MS + 2);
    hub.accept("a", report("restarted", [load({ shortages: counts({ worker503: 10 }) })], false), NOW_MS + 3);
    expect(hub.tally(KEY, NOW_MS)).toEqual({ shortages: { worker503: 3, waited: 1, refused: 3 }, startupsMs: [2_000] });
    hub.forget(KEY);
    expect(hub.tally(KEY, 0)).toEqual({ shortages: { worker503: 0, waited: 0, refused: 0 }, startupsMs: [] });
  });

  it("returns the pools that a line changes: none for a heartbeat, and also the missing ones for a full line", () => {
    const hub = hubWith({ a: {} });
    expect(hub.accept("a", report("a", [], false), NOW_MS)).toEqual([]);
    expect(hub.accept("a", report("a", [load({ name: "other" })], false), NOW_MS)).toEqual(["avatars/other"]);
    expect(new Set(hub.accept("a", report("a", []), NOW_MS))).toEqual(new Set([KEY, "avatars/other"]));
  });

  it("keeps nothing of a deleted pool", () => {
    const hub = hubWith({ a: { startupsMs: [1], shortSinceMs: 1 } });
    hub.forget(KEY);
    expect(hub.view(KEY, NOW_MS)).toMatchObject({ startupsMs: [], shortSinceMs: undefined });
  });
});

const loads = fc
  .record({
    workers: fc.uniqueArray(
      fc.record({
        uid: fc.constantFrom("w1", "w2", "w3"),
        ready: fc.boolean(),
        sessions: fc.nat(2),
        reserved: fc.nat(2),
        cordoned: fc.boolean(),
      }),
      { selector: ({ uid }) => uid },
    ),
    queued: fc.dictionary(fc.constantFrom("maya", ""), fc.nat(3)),
    worker503: fc.nat(5),
    waited: fc.nat(5),
  })
  .map(({ workers, queued, worker503, waited }) =>
    load({ workers: workers.map((each) => worker(each)), queued, shortages: counts({ worker503, waited }) }),
  );

/** One gateway's stream: counters never fall while it lives. */
const streams = fc.array(loads, { minLength: 1, maxLength: 6 }).map((list) => {
  let worker503 = 0;
  let waited = 0;
  return list.map((each): PoolLoad => {
    worker503 += each.shortages.maya?.worker503 ?? 0;
    waited += each.shortages.maya?.waited ?? 0;
    return { ...each, shortages: counts({ worker503, waited }) };
  });
});
const lines = (gateway: string, stream: readonly PoolLoad[]): LoadReport[] =>
  stream.map((each, index) => report(gateway, [each], index === 0));

describe("LoadHub, for any streams", () => {
  it("returns the same view for any order of the lines of different gateways", () => {
    fc.assert(
      fc.property(streams, streams, fc.array(fc.boolean(), { maxLength: 12 }), (first, second, order) => {
        const view = (turns: readonly boolean[]) => {
          const hub = new LoadHub();
          hub.setGateways(["a", "b"], NOW_MS);
          const waiting = { a: lines("a", first), b: lines("b", second) };
          const next = (address: "a" | "b") => {
            const line = waiting[address].shift();
            if (line !== undefined) hub.accept(address, line, NOW_MS);
          };
          for (const turn of turns) next(turn ? "a" : "b");
          while (waiting.a.length + waiting.b.length > 0) next(waiting.a.length > 0 ? "a" : "b");
          const { workers, ...seen } = hub.view(KEY, NOW_MS);
          return { ...seen, workers: new Map([...workers].sort()) };
        };
        expect(view(order)).toEqual(view([]));
      }),
    );
  });

  it("returns the same view after a lost line and the next line", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.boolean(), { maxLength: 5 }), (stream, lost) => {
        const view = (heard: readonly LoadReport[]) => {
          const hub = new LoadHub();
          hub.setGateways(["a"], NOW_MS);
          for (const line of heard) hub.accept("a", line, NOW_MS);
          return hub.view(KEY, NOW_MS);
        };
        const all = lines("a", stream);
        const heard = all.filter((_, index) => index === 0 || index === all.length - 1 || lost[index - 1] !== true);
        expect(view(heard)).toEqual(view(all));
      }),
    );
  });
});
