import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeSource, tile } from "../../../test/support/console/fake-source.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { ConsoleEvent } from "../../api/console.ts";
import { ConsoleFailure } from "../failure.ts";
import { EventSink } from "./event-sink.ts";
import { FanOut } from "./fan-out.ts";
import { type Rights, rightsOf } from "./rights.ts";
import { StreamLimit } from "./stream-limit.ts";
import { ViewerStream } from "./viewer-stream.ts";

const ann = { username: "ann" };

async function setup({ visible, pools = [] }: { readonly visible: readonly string[]; readonly pools?: readonly string[] }) {
  const clock = new FakeClock();
  const source = new FakeSource("a/one", "a/two");
  const fanOut = new FanOut({ source, clock });
  const allowed = new Set(visible);
  const may = { stopSessions: false, launch: false };
  const failure: { next: ConsoleFailure | undefined } = { next: undefined };
  const viewers = {
    visible: async (_user: object, keys: readonly string[]) => new Set(keys.filter((key) => allowed.has(key))),
    may: async (_user: object, action: string) => (action === "launch" ? may.launch : may.stopSessions),
  };
  const evaluate = async (fleet: Iterable<string>): Promise<Rights> => {
    if (failure.next !== undefined) throw failure.next;
    return rightsOf(viewers, ann, fleet, pools);
  };
  const rights = await evaluate(source.fleet().keys());
  const open = (out = new PassThrough({ highWaterMark: 16 * 1024 * 1024 })) => {
    const stream = new ViewerStream({ pools, rights, evaluate, fanOut, clock, sink: new EventSink({ out, clock }) });
    out.once("close", () => stream.stop());
    return { out, events: () => eventsIn(String(out.read() ?? "")) };
  };
  return { clock, source, allowed, may, failure, open };
}

function eventsIn(text: string): readonly ConsoleEvent[] {
  return text.split("\n\n").flatMap((frame) => (frame.startsWith("data: ") ? [JSON.parse(frame.slice("data: ".length))] : []));
}

const rows = (names: readonly string[], more: object = {}) => ({ type: "fleet", rows: names.map((name) => ({ name })), ...more });

describe("a viewer's stream", () => {
  it("shows a new pool after its right was evaluated, and no other viewer's pool", async () => {
    const { open, source, allowed, clock } = await setup({ visible: ["a/one"] });
    const { events } = open();
    expect(events()).toMatchObject([rows(["one"], { complete: true })]);
    allowed.add("a/new");
    source.set("a/new", {});
    source.set("a/secret", {});
    await clock.advance(250);
    expect(events()).toMatchObject([rows(["new"], { complete: false, removed: [] })]);
    source.set("a/two", { sessions: 1 });
    source.set("a/secret", undefined);
    await clock.advance(250);
    expect(events()).toEqual([]);
  });

  it("follows changes of rights within 30 s", async () => {
    const { open, allowed, may, clock } = await setup({ visible: ["a/one"], pools: ["a/one"] });
    const { events } = open();
    events();
    may.launch = true;
    allowed.add("a/two");
    await clock.advance(30_000);
    expect(events()).toMatchObject([rows(["two"]), { type: "pool", complete: true, summary: { may: { launch: true } } }]);
    allowed.clear();
    await clock.advance(30_000);
    expect(events()).toMatchObject([
      rows([], { removed: ["a/one", "a/two"] }),
      { type: "gone", pool: "a/one", message: expect.stringMatching(/^ann may not get/) },
    ]);
  });

  it("ends when the token is no longer valid", async () => {
    const { open, failure, clock } = await setup({ visible: [] });
    const { out } = open();
    failure.next = new ConsoleFailure(401, "the token is not valid");
    await clock.advance(30_000);
    expect(out.writableEnded).toBe(true);
  });

  it("survives one failed check of rights, and ends at the second in a row", async () => {
    const { open, failure, clock } = await setup({ visible: [] });
    const { out } = open();
    const away = new ConsoleFailure(503, "authentication is unavailable");
    failure.next = away;
    await clock.advance(30_000);
    failure.next = undefined;
    await clock.advance(30_000);
    failure.next = away;
    await clock.advance(30_000);
    expect(out.writableEnded).toBe(false);
    await clock.advance(30_000);
    expect(out.writableEnded).toBe(true);
  });

  it("sends a heartbeat every 10 s", async () => {
    const { open, clock } = await setup({ visible: [] });
    const { out } = open();
    out.read();
    await clock.advance(20_000);
    expect(String(out.read())).toBe(":\n\n:\n\n");
  });

  it("disconnects a reader with 4 MB of unread events, and then leaves nothing behind", async () => {
    const { open, source, clock } = await setup({ visible: ["a/one"], pools: ["a/one"] });
    const { out } = open(new PassThrough({ highWaterMark: 1 }));
    expect(source.listeners).toBe(2);
    for (let change = 0; change < 10 && !out.destroyed; change += 1) {
      source.set("a/one", {}, [tile("w", { why: `${change}${"x".repeat(1_000_000)}` })]);
      await clock.advance(250);
    }
    expect(out.destroyed).toBe(true);
    await clock.advance(0);
    expect([source.listeners, clock.pending]).toEqual([0, 0]);
  });
});

describe("the limit of streams", () => {
  it("is 16 for a user and 64 for all, and a closed stream frees its place", () => {
    const limit = new StreamLimit();
    const release = Array.from({ length: 16 }, () => limit.take("ann"))[0]!;
    expect(() => limit.take("ann")).toThrow(/ann has 16 open streams/);
    release();
    limit.take("ann");
    for (const user of ["b", "c", "d"]) for (let count = 0; count < 16; count += 1) limit.take(user);
    expect(() => limit.take("e")).toThrow(/64 streams are open/);
  });
});
