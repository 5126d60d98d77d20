import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { gpuOnly, NOW_MS, pod, pool, type WorldChange } from "../../test/support/pools.ts";
import { reported } from "../../test/support/reported-pool.ts";
import type { HistorySample } from "../api/console.ts";
import { IndexedStore } from "../kube/store.ts";
import { notedOf } from "../pool/history/noted.ts";
import { PoolMemory } from "../pool/memory.ts";
import type { PoolView } from "../pool/views.ts";
import { GatewayClient } from "./gateway-client.ts";
import { PoolConsole, type PoolConsoleDeps } from "./pool-console.ts";

const KEY = "avatars/support";
const noShortages = { shortages: { worker503: 0, waited: 0, refused: 0 }, startupsMs: [] };

function console(pods: WorldChange["pods"] = [pod("a")], prometheus?: PoolConsoleDeps["prometheus"]) {
  const clock = new FakeClock(NOW_MS);
  const pools = new IndexedStore<PoolView>();
  const view = pool({ ...gpuOnly, warm: { slots: 1 } });
  pools.set(KEY, view, "1");
  let memory: PoolMemory | undefined = new PoolMemory();
  let handler: (key: string) => void = () => {};
  const source = new PoolConsole({
    ...{ sinceMs: NOW_MS, clock, pools },
    memory: (key) => (key === KEY ? memory : undefined),
    gateways: () => 1,
    gateway: new GatewayClient({ addresses: () => [], tokenFile: "", clock }),
    prometheus,
    onReported: (each) => {
      handler = each;
      return () => {};
    },
  });
  const reconcile = (change: WorldChange = {}) => {
    if (memory === undefined) return;
    const { snapshot, plan, status } = reported(view, { memory, nowMs: clock.now(), pods, ...change });
    memory.history.note(clock.now(), notedOf(snapshot, plan, status, noShortages));
    handler(KEY);
  };
  const remove = () => {
    pools.delete(KEY);
    memory = undefined;
    handler(KEY);
  };
  return { clock, source, reconcile, remove };
}

describe("PoolConsole", () => {
  it("reports the change of a pool after its reconcile, until the subscription ends", () => {
    const { source, reconcile } = console();
    const changed: string[] = [];
    const end = source.onChange((key) => changed.push(key));
    reconcile();
    end();
    reconcile();
    expect(changed).toEqual([KEY]);
  });

  it("forgets a deleted pool and reports that it has gone", () => {
    const { source, reconcile, remove } = console();
    reconcile();
    source.fleet();
    const changed: string[] = [];
    source.onChange((key) => changed.push(key));
    remove();
    expect([changed, source.fleet().size, source.pool(KEY)]).toEqual([[KEY], 0, undefined]);
  });

  it("reports every gateway change for every pool, because each row may be stale now", () => {
    const { source } = console();
    const changed: string[] = [];
    source.onChange((key) => changed.push(key));
    source.gatewaysChanged();
    expect(changed).toEqual([KEY]);
  });

  it("reports the new changes of size, each once", () => {
    const { source, reconcile, clock } = console();
    const seen: string[] = [];
    source.onHistory((key, { decisions }) => seen.push(...decisions.map(({ id, from, to }) => `${key} ${id} ${from}-${to}`)));
    reconcile({ queued: { maya: 3 } });
    expect(seen).toEqual([`${KEY} ${clock.now()}-gpu 1-2`]);
    void clock.advance(1_000);
    reconcile({ pods: [pod("a"), pod("b")] });
    expect(seen).toHaveLength(1);
  });

  it("reports one sample of each 5 s while there are viewers, also without a reconcile", async () => {
    const { source, reconcile, clock } = console();
    reconcile({ sessions: { a: 1 } });
    const samples: HistorySample[] = [];
    const end = source.onHistory((_key, { sample }) => samples.push(...(sample === undefined ? [] : [sample])));
    await clock.advance(20_000);
    end();
    await clock.advance(20_000);
    expect(samples.map(({ atMs, sessions }) => [atMs - NOW_MS, sessions])).toEqual([
      [0, 1],
      [5_000, 1],
      [10_000, 1],
      [15_000, 1],
    ]);
  });

  it("explains every decision that it has shown: the changes, and the latest one although later ones repeat it", () => {
    const { source, reconcile } = console();
    reconcile();
    const [shown] = source.pool(KEY)?.summary.latest ?? [];
    reconcile({ nowMs: NOW_MS + 1_000 });
    expect(source.pool(KEY)?.summary.latest[0]).toBe(shown);
    expect(source.decision(KEY, shown?.id ?? "")).toMatchObject({ group: "gpu", outcome: "unchanged", inputs: { max: 10 } });
    reconcile({ queued: { maya: 3 }, nowMs: NOW_MS + 2_000 });
    expect(source.decision(KEY, `${NOW_MS + 2_000}-gpu`)).toMatchObject({ outcome: "grew", to: 2 });
    expect(source.decision(KEY, "1-gpu")).toBeUndefined();
  });

  it("has the samples and the changes of a time", async () => {
    const { source, reconcile, clock } = console();
    reconcile({ queued: { maya: 3 } });
    await clock.advance(60_000);
    reconcile();
    const history = await source.historyOf(KEY, NOW_MS, NOW_MS + 60_000);
    expect(history).toMatchObject({ stepMs: 5_000, decisions: [{ group: "gpu", from: 1, to: 2, outcome: "grew" }] });
    expect(history?.samples).toHaveLength(12);
    expect(await source.historyOf(KEY, NOW_MS + 1, NOW_MS + 60_000)).toMatchObject({ decisions: [] });
    expect(await source.historyOf("avatars/other", 0, NOW_MS)).toBeUndefined();
  });

  it("reads from Prometheus only what its memory does not have, and uses the memory if Prometheus fails", async () => {
    const queries: number[] = [];
    const answers = [{ stepMs: 60_000, samples: [] }, undefined];
    const between = async (_pool: string, fromMs: number) => {
      queries.push(fromMs);
      return answers.shift();
    };
    const { source, clock, reconcile } = console(undefined, { between });
    await clock.advance(5_000);
    reconcile();
    const stepOf = async (fromMs: number) => (await source.historyOf(KEY, fromMs, clock.now()))?.stepMs;
    expect(source.history).toBe("prometheus");
    expect(await stepOf(NOW_MS)).toBe(5_000);
    expect(await stepOf(NOW_MS - 300_000)).toBe(60_000);
    expect(await stepOf(NOW_MS - 300_001)).toBe(5_000);
    expect(queries).toEqual([NOW_MS - 300_000, NOW_MS - 300_001]);
  });
});
