import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConsoleEvent, FleetRow, PoolSummary, WorkerTile } from "../../operator/api/console.ts";
import { inventedFleet } from "../../test/support/console/invented/fleet.ts";
import { applied, type ConsoleState, emptyState, eventsOf, MOST_RECENT, restrictedTo } from "./fleet-state.ts";

const POOL = "avatars/support";
const invented = inventedFleet({ pools: 1, workers: 4, nowMs: 1_000_000 }).get(POOL)!;
const summary: PoolSummary = invented.summary;
const [tile] = invented.workers as readonly [WorkerTile];

const stateAfter = (events: readonly ConsoleEvent[], from = emptyState): ConsoleState => events.reduce(applied, from);
const worker = (uid: string, sessions: number): WorkerTile => ({ ...tile, uid, sessions });
const row = (name: string, sessions: number): FleetRow => ({ ...summary, namespace: "a", name, sessions });
const poolEvent = (complete: boolean, workers: readonly WorkerTile[], removed: readonly string[] = []): ConsoleEvent => ({
  type: "pool",
  ...{ pool: POOL, complete, summary, workers, removed },
});
const workersOf = (state: ConsoleState) => {
  const pool = state.pools.get(POOL);
  return pool?.kind === "shown" ? pool.workers : undefined;
};

/** Versions of a fleet: the sessions of each worker that exists. */
const versions = fc.array(fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.nat(3), { noNullPrototype: true }), {
  minLength: 1,
});
type Version = Readonly<Record<string, number>>;

function changes(from: Version, to: Version): { readonly changed: readonly string[]; readonly removed: readonly string[] } {
  return {
    changed: Object.keys(to).filter((key) => to[key] !== from[key]),
    removed: Object.keys(from).filter((key) => !(key in to)),
  };
}

describe("applied", () => {
  it("makes the same workers from changes as from a complete event", () => {
    fc.assert(
      fc.property(versions, ([first = {}, ...later]) => {
        const whole = (version: Version) =>
          poolEvent(
            true,
            Object.entries(version).map(([uid, sessions]) => worker(uid, sessions)),
          );
        let state = stateAfter([whole(first)]);
        let former: Version = first;
        for (const version of later) {
          const { changed, removed } = changes(former, version);
          const event = poolEvent(
            false,
            changed.map((uid) => worker(uid, version[uid]!)),
            removed,
          );
          state = applied(state, event);
          former = version;
        }
        expect(new Map(workersOf(state))).toEqual(new Map(workersOf(stateAfter([whole(former)]))));
      }),
    );
  });

  it("makes the same fleet from changes as from a complete event", () => {
    fc.assert(
      fc.property(versions, ([first = {}, ...later]) => {
        const rows = (version: Version, keys = Object.keys(version)) => keys.map((key) => row(key, version[key]!));
        let state = stateAfter([{ type: "fleet", complete: true, rows: rows(first), removed: [] }]);
        let former: Version = first;
        for (const version of later) {
          const { changed, removed } = changes(former, version);
          state = applied(state, {
            type: "fleet",
            complete: false,
            rows: rows(version, [...changed]),
            removed: removed.map((key) => `a/${key}`),
          });
          former = version;
        }
        expect(state.fleet).toEqual(stateAfter([{ type: "fleet", complete: true, rows: rows(former), removed: [] }]).fleet);
      }),
    );
  });

  it("keeps the objects of workers that did not change, so that their tiles are not drawn again", () => {
    const before = stateAfter([poolEvent(true, [worker("a", 0), worker("b", 0)])]);
    const changed = applied(before, poolEvent(false, [worker("b", 1)]));
    expect(workersOf(changed)?.get("a")).toBe(workersOf(before)?.get("a"));
    expect(workersOf(changed)?.get("b")?.sessions).toBe(1);
  });

  it("replaces everything at a complete event, as after a new connection", () => {
    const state = stateAfter([poolEvent(true, [worker("a", 0)]), poolEvent(true, [worker("b", 0)])]);
    expect([...workersOf(state)!.keys()]).toEqual(["b"]);
  });

  it("shows that a pool is gone, and shows the pool when it returns", () => {
    const gone = stateAfter([poolEvent(true, []), { type: "gone", pool: POOL, message: "deleted" }]);
    expect(gone.pools.get(POOL)).toEqual({ kind: "gone", message: "deleted" });
    expect(applied(gone, poolEvent(true, [])).pools.get(POOL)?.kind).toBe("shown");
  });

  it("keeps each decision once, and a limited number of samples in order", () => {
    const decisions = summary.latest;
    const sample = (atMs: number): ConsoleEvent => ({ type: "sample", pool: POOL, sample: { atMs } as never });
    const samples = Array.from({ length: MOST_RECENT + 5 }, (_, at) => sample(at));
    const state = stateAfter([
      { type: "decisions", pool: POOL, decisions },
      { type: "decisions", pool: POOL, decisions },
      ...samples,
      sample(3),
    ]);
    const recent = state.recent.get(POOL)!;
    expect(recent.decisions).toEqual(decisions);
    expect(recent.samples).toHaveLength(MOST_RECENT);
    expect(recent.samples.at(-1)).toEqual({ atMs: MOST_RECENT + 4 });
  });
});

describe("eventsOf", () => {
  it("produces the same state in another tab", () => {
    const state = stateAfter([
      { type: "fleet", complete: true, rows: [row("one", 1)], removed: [] },
      poolEvent(true, [worker("a", 1)]),
      { type: "decisions", pool: POOL, decisions: summary.latest },
      { type: "sample", pool: POOL, sample: { atMs: 5 } as never },
      { type: "gone", pool: "a/two", message: "deleted" },
    ]);
    expect(stateAfter(eventsOf(state, new Set([POOL, "a/two"])))).toEqual(state);
    expect(stateAfter(eventsOf(state, new Set()))).toEqual(restrictedTo(state, new Set()));
  });
});
