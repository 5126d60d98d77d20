import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { type LoadReport, loadReportSchema } from "../../api/load-report.ts";
import { LoadBook, type PoolState } from "./load-book.ts";
import { streamLoad } from "./load-stream.ts";

function setup() {
  const clock = new FakeClock();
  const book = new LoadBook(clock);
  const states = new Map<string, PoolState>();
  for (const name of ["one", "two"])
    states.set(`avatars/${name}`, { namespace: "avatars", name, workers: [], queued: {}, shortages: {}, launches: {} });
  const source = {
    pools: () => [...states.keys()],
    state: (key: string) => states.get(key),
    summary: (key: string) => {
      const { workers: _, ...summary } = states.get(key) ?? emptyPool;
      return states.has(key) ? summary : undefined;
    },
    subscribe: (listener: Parameters<LoadBook["subscribe"]>[0]) => book.subscribe(listener),
  };
  const open = () => {
    const out = new PassThrough();
    let ended = 0;
    streamLoad({ gateway: "gw-1", clock, source, onEnd: () => (ended += 1) }, out);
    const lines = (): LoadReport[] =>
      String(out.read() ?? "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => loadReportSchema.parse(JSON.parse(line)));
    return { out, lines, ended: () => ended };
  };
  return { clock, book, states, open };
}

const emptyPool: PoolState = { namespace: "avatars", name: "one", workers: [], queued: {}, shortages: {}, launches: {} };
const worker = { pod: "p".repeat(60), uid: "u".repeat(36), ready: true, sessions: 0, reserved: 0, slots: 8, cordoned: false };

const names = (reports: readonly LoadReport[]) => reports.map(({ full, pools }) => [full, ...pools.map(({ name }) => name)]);

describe("the load stream", () => {
  it("reports every pool first, in the operator's schema", () => {
    expect(names(setup().open().lines())).toEqual([[true, "one", "two"]]);
  });

  it("reports the changes within 50 ms in one line, without other pools", async () => {
    const { clock, book, open } = setup();
    const { lines } = open();
    lines();
    book.changed("avatars/two");
    book.started("avatars/two", 3_900);
    book.started("avatars/two", 4_100);
    await clock.advance(49);
    expect(lines()).toEqual([]);
    await clock.advance(1);
    const reports = lines();
    expect(names(reports)).toEqual([[false, "two"]]);
    expect(reports[0]?.pools[0]?.startupsMs).toEqual([3_900, 4_100]);
    book.changed("avatars/two");
    await clock.advance(50);
    expect(lines()[0]?.pools[0]?.startupsMs).toEqual([]);
  });

  it("reports a shortage at once, with the time of the first affected launch", async () => {
    const { clock, book, open } = setup();
    const { lines } = open();
    lines();
    book.changed("avatars/one");
    await clock.advance(20);
    const sinceMs = clock.now();
    const met = book.arrived("avatars/one", "maya");
    met("worker503");
    met("waited");
    await clock.advance(0);
    expect(lines()[0]?.pools[0]).toMatchObject({ name: "one", shortSinceMs: sinceMs });
    book.changed("avatars/one");
    await clock.advance(50);
    expect(lines()[0]?.pools[0]).not.toHaveProperty("shortSinceMs");
  });

  it("reports everything to every reader", async () => {
    const { clock, book, open } = setup();
    const readers = [open(), open()];
    for (const { lines } of readers) lines();
    book.started("avatars/one", 4_000);
    await clock.advance(50);
    for (const { lines } of readers) expect(lines()[0]?.pools[0]?.startupsMs).toEqual([4_000]);
  });

  it("sends a heartbeat every second", async () => {
    const { clock, open } = setup();
    const { lines } = open();
    lines();
    await clock.advance(3_000);
    expect(names(lines())).toEqual([[false], [false], [false]]);
  });

  it("reports nothing of a deleted pool", async () => {
    const { clock, book, states, open } = setup();
    const { lines } = open();
    lines();
    states.delete("avatars/one");
    book.changed("avatars/one");
    await clock.advance(50);
    expect(lines()).toEqual([]);
  });

  it("pauses after a long line; it still reports a shortage without the workers, at once and then every 100 ms", async () => {
    const { clock, book, states, open } = setup();
    states.set("avatars/one", { ...emptyPool, workers: Array(10_000).fill(worker) });
    const { lines } = open();
    const said = () => lines().flatMap(({ pools }) => pools.map(({ workers, shortSinceMs }) => [workers?.length, shortSinceMs]));
    const startMs = clock.now();
    said();
    await clock.advance(500);
    book.arrived("avatars/one", "maya")("waited");
    await clock.advance(0);
    expect(said()).toEqual([[undefined, startMs + 500]]);
    book.arrived("avatars/one", "maya")("refused");
    await clock.advance(99);
    expect(said()).toEqual([]);
    await clock.advance(1);
    expect(said()).toEqual([[undefined, startMs + 500]]);
    await clock.advance(399);
    expect(said()).toEqual([]);
    await clock.advance(1);
    expect(said()).toEqual([[10_000, undefined]]);
  });

  it("includes the workers of a pool that is new to the reader in the report of a shortage", async () => {
    const { clock, book, states, open } = setup();
    states.set("avatars/one", { ...emptyPool, workers: Array(10_000).fill(worker) });
    const { lines } = open();
    lines();
    states.set("avatars/three", { ...emptyPool, name: "three", workers: [worker] });
    book.arrived("avatars/three", "maya")("waited");
    await clock.advance(0);
    expect(lines().flatMap(({ pools }) => pools.map(({ name, workers }) => [name, workers?.length]))).toEqual([["three", 1]]);
  });

  it("disconnects a reader that does not read, and leaves no timer behind", async () => {
    const { clock, book, states, open } = setup();
    const { out, ended } = open();
    states.set("avatars/one", { ...emptyPool, workers: Array(1_000).fill(worker) });
    for (let line = 0; line < 60 && !out.destroyed; line += 1) {
      book.changed("avatars/one");
      await clock.advance(100);
    }
    expect([out.destroyed, ended(), clock.pending]).toEqual([true, 1, 0]);
  });
});

describe("LoadBook", () => {
  it("counts a launch without an immediate warm slot as one miss, after any outcome", () => {
    const { book } = setup();
    const meetings = [[], ["worker503"], ["cold"], ["waited", "refused"], ["cold", "worker503", "waited"]] as const;
    const missed = meetings.map((all, index) => {
      const met = book.arrived("avatars/one", `preset-${index}`);
      for (const each of all) met(each);
      return book.counts("avatars/one").launches[`preset-${index}`]?.missed;
    });
    expect(missed).toEqual([0, 0, 1, 1, 1]);
    expect(book.counts("avatars/one").shortages).not.toHaveProperty("preset-2");
  });

  it("counts each kind of shortage once per launch, by preset", () => {
    const { book } = setup();
    const met = book.arrived("avatars/one", undefined);
    met("worker503");
    met("worker503");
    met("waited");
    book.arrived("avatars/one", "maya")("refused");
    expect(book.counts("avatars/one").shortages).toEqual({
      "": { worker503: 1, waited: 1, refused: 0 },
      maya: { worker503: 0, waited: 0, refused: 1 },
    });
  });
});
