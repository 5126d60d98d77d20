import { describe, expect, it } from "vitest";
import type { ConsoleEvent } from "../../operator/api/console.ts";
import { ScriptedStream, settled } from "../../test/support/console/scripted-stream.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { SILENCE_MS, StreamConnection } from "./connection.ts";
import type { StreamStatus } from "./protocol.ts";

const fleet: ConsoleEvent = { type: "fleet", complete: true, rows: [], removed: [] };

async function setup() {
  const clock = new FakeClock();
  const operator = new ScriptedStream();
  const statuses: StreamStatus[] = [];
  const events: ConsoleEvent[] = [];
  const connection = new StreamConnection({
    ...{ fetch: operator.fetch, clock, random: () => 0.5 },
    onEvent: (event) => events.push(event),
    onStatus: (status) => statuses.push(status),
  });
  const open = async (token: string | undefined, ...pools: readonly string[]) => {
    connection.open({ token, pools });
    await settled();
  };
  return { clock, operator, connection, statuses, events, open };
}

describe("StreamConnection", () => {
  it("is live from the first event, with the token and the pools in the request", async () => {
    const { operator, statuses, events, open } = await setup();
    await open("secret", "a/one", "a/two");
    expect(operator.last).toMatchObject({ token: "secret", url: "api/stream?pool=a%2Fone&pool=a%2Ftwo" });
    expect(statuses).toEqual([{ kind: "connecting" }]);
    await operator.last.send(fleet);
    expect([events, statuses.at(-1)]).toEqual([[fleet], { kind: "live" }]);
  });

  it("reconnects when the stream ends, and reports since when the page is not current", async () => {
    const { clock, operator, statuses, open } = await setup();
    await open("secret");
    await operator.last.send(fleet);
    const sinceMs = clock.now();
    await operator.last.end();
    expect(statuses.at(-1)).toEqual({ kind: "lost", sinceMs, message: "the operator ended the stream" });
    await clock.advance(1_000);
    await settled();
    expect(operator.requests).toHaveLength(2);
    await operator.last.send(fleet);
    expect(statuses.at(-1)).toEqual({ kind: "live" });
  });

  it("waits longer after each failure, at most 15.5 s", async () => {
    const { clock, operator, open } = await setup();
    operator.failure = new TypeError("refused");
    await open("secret");
    const delays: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      delays.push(clock.nextDelayMs!);
      await clock.advance(clock.nextDelayMs!);
      await settled();
    }
    expect(delays).toEqual([1_000, 1_500, 2_500, 4_500, 8_000, 8_000, 8_000]);
  });

  it("reconnects if not even a heartbeat arrives", async () => {
    const { clock, operator, statuses, open } = await setup();
    await open("secret");
    await operator.last.send(fleet);
    await clock.advance(SILENCE_MS - 1);
    await operator.last.heartbeat();
    await clock.advance(SILENCE_MS - 1);
    expect(statuses.at(-1)).toEqual({ kind: "live" });
    await clock.advance(1);
    await settled();
    expect(statuses.at(-1)).toMatchObject({ kind: "lost", message: "the operator has been silent for 25 s" });
  });

  it("does not retry without a valid token", async () => {
    const { clock, operator, statuses, open } = await setup();
    operator.accepts = () => false;
    await open("expired");
    expect(statuses.at(-1)).toEqual({ kind: "signed-out", message: "no valid token" });
    await clock.advance(120_000);
    expect(operator.requests).toHaveLength(1);
  });

  it("reports no failure if the first try without a token is not enough", async () => {
    const { operator, statuses, open } = await setup();
    operator.accepts = () => false;
    await open(undefined);
    expect(statuses.at(-1)).toEqual({ kind: "signed-out", message: "" });
  });

  it("remains live while it changes its pools, and ends the former stream", async () => {
    const { operator, statuses, open } = await setup();
    await open("secret");
    await operator.last.send(fleet);
    await open("secret", "a/one");
    expect(operator.requests.map(({ aborted }) => aborted)).toEqual([true, false]);
    await operator.last.send(fleet);
    expect(statuses.map(({ kind }) => kind)).toEqual(["connecting", "live"]);
  });
});
