import { describe, expect, it } from "vitest";
import type { ConsoleEvent } from "../../operator/api/console.ts";
import { inventedFleet } from "../../test/support/console/invented/fleet.ts";
import { ScriptedStream, settled } from "../../test/support/console/scripted-stream.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { MOST_POOLS, StreamHub, TAB_SILENCE_MS } from "./hub.ts";
import type { ToHub, ToTab } from "./protocol.ts";

const fleet: ConsoleEvent = { type: "fleet", complete: true, rows: [], removed: [] };
const pool = (key: string): ConsoleEvent => {
  const { summary, workers } = inventedFleet({ pools: 1, workers: 2, nowMs: 0 }).get("avatars/support")!;
  return { type: "pool", pool: key, complete: true, summary, workers, removed: [] };
};

function setup() {
  const clock = new FakeClock();
  const operator = new ScriptedStream();
  const hub = new StreamHub({ fetch: operator.fetch, clock, random: () => 0.5 });
  const tab = async (token?: string) => {
    const received: ToTab[] = [];
    let handle: (message: ToHub) => void = () => {};
    const state = { closed: false };
    hub.join({
      send: (message) => received.push(message),
      listen: (handler) => {
        handle = handler;
      },
      close: () => {
        state.closed = true;
      },
    });
    const send = async (message: ToHub) => {
      handle(message);
      await settled();
    };
    await send({ kind: "join", token });
    const ofKind = <K extends ToTab["kind"]>(kind: K) =>
      received.filter((message): message is ToTab & { kind: K } => message.kind === kind);
    return {
      send,
      state,
      events: () => ofKind("event").map(({ event }) => event),
      status: () => ofKind("status").at(-1)?.status,
      token: () => ofKind("token").at(-1)?.token,
    };
  };
  return { clock, operator, tab };
}

describe("StreamHub", () => {
  it("opens one stream for all tabs, and a new tab gets what the stream has shown", async () => {
    const { operator, tab } = setup();
    const first = await tab("secret");
    await operator.last.send(fleet);
    const second = await tab();
    expect(operator.requests).toHaveLength(1);
    expect([second.events(), second.status(), second.token()]).toEqual([[fleet], { kind: "live" }, "secret"]);
    expect(first.events()).toEqual([fleet]);
  });

  it("requests the pools of all tabs, and a tab gets the events of its own", async () => {
    const { operator, tab } = setup();
    const [first, second] = [await tab("secret"), await tab()];
    await first.send({ kind: "want", pools: ["a/one"] });
    await second.send({ kind: "want", pools: ["a/two"] });
    expect(operator.last.url).toBe("api/stream?pool=a%2Fone&pool=a%2Ftwo");
    await operator.last.send(pool("a/one"));
    expect([first.events().length, second.events().length]).toEqual([1, 0]);
    const streams = operator.requests.length;
    await second.send({ kind: "want", pools: ["a/two", "a/one"] });
    expect(second.events()).toEqual([pool("a/one")]);
    expect(operator.requests).toHaveLength(streams);
  });

  it("requests at most 16 pools: those of the tabs that changed last", async () => {
    const { operator, tab } = setup();
    for (let at = 0; at <= MOST_POOLS; at += 1) await (await tab()).send({ kind: "want", pools: [`a/${at}`] });
    const pools = new URL(operator.last.url, "http://host").searchParams.getAll("pool");
    expect([pools.length, pools.includes("a/0"), pools.includes(`a/${MOST_POOLS}`)]).toEqual([MOST_POOLS, false, true]);
  });

  it("first tries without a token, and signs in all tabs with the token of one", async () => {
    const { operator, tab } = setup();
    operator.accepts = (token) => token === "good";
    const [first, second] = [await tab(), await tab()];
    expect([first.status(), second.status()?.kind]).toEqual([{ kind: "signed-out", message: "" }, "signed-out"]);
    await first.send({ kind: "sign-in", token: "good" });
    await operator.last.send(fleet);
    expect([second.token(), second.status()]).toEqual(["good", { kind: "live" }]);
  });

  it("forgets the token and the fleet at sign-out, and ends the stream", async () => {
    const { operator, tab } = setup();
    const first = await tab("secret");
    await operator.last.send(fleet);
    await first.send({ kind: "sign-out" });
    expect([first.token(), first.status()?.kind, operator.last.aborted]).toEqual([undefined, "signed-out", true]);
    const second = await tab();
    expect([second.token(), second.events(), operator.requests.length]).toEqual([undefined, [], 1]);
  });

  it("shows the new viewer's fleet only, after a sign-in as another one", async () => {
    const { operator, tab } = setup();
    const first = await tab("one");
    await operator.last.send(fleet);
    await first.send({ kind: "sign-in", token: "two" });
    expect((await tab()).events()).toEqual([]);
    expect(operator.last.token).toBe("two");
  });

  it("ends the stream when the last tab leaves", async () => {
    const { operator, tab } = setup();
    const [first, second] = [await tab("secret"), await tab()];
    await first.send({ kind: "leave" });
    expect([first.state.closed, operator.last.aborted]).toEqual([true, false]);
    await second.send({ kind: "leave" });
    expect(operator.last.aborted).toBe(true);
  });

  it("drops the pools of a tab that crashed", async () => {
    const { clock, operator, tab } = setup();
    const [first, second] = [await tab("secret"), await tab()];
    await first.send({ kind: "want", pools: ["a/one"] });
    await operator.last.send(fleet);
    await clock.advance(TAB_SILENCE_MS / 2);
    await second.send({ kind: "here" });
    await clock.advance(TAB_SILENCE_MS / 2 + 1);
    await second.send({ kind: "want", pools: ["a/two"] });
    expect(operator.last.url).toBe("api/stream?pool=a%2Ftwo");
  });
});
