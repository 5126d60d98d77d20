import { describe, expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type Answer, refusal, StubApiServer } from "../../test/support/stub-api-server.ts";
import { KubeClient } from "./client.ts";
import { pods } from "./resource-types.ts";

const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"3"}}}\n';

async function startWatch(answer: Answer) {
  const server = await StubApiServer.start(answer);
  const clock = new FakeClock();
  const client = new KubeClient(server.config(), { userAgent: "test/1", clock });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await client.close();
  });
  const stop = new AbortController();
  const watch = client.watch(pods, { resourceVersion: "1", timeoutSeconds: 300, signal: stop.signal });
  return { clock, server, stop, watch };
}

/** The stream of a watch: the pieces unchanged, then its end. */
function stream(...pieces: string[]): Answer {
  return (response) => {
    for (const piece of pieces) response.write(piece);
    response.end();
  };
}

describe("KubeClient.watch", () => {
  it("requests bookmarks and yields events, without a last event that was cut off", async () => {
    const added = '{"type":"ADDED","object":{"metadata":{"name":"ä","resourceVersion":"2"}}}\n';
    const { server, watch } = await startWatch(stream(added + bookmark.slice(0, 9), bookmark.slice(9), '{"type":"DELETED","obj'));
    const seen: string[] = [];
    for await (const { type, object } of watch) seen.push(`${type} ${object.metadata?.resourceVersion}`);
    expect(seen).toEqual(["ADDED 2", "BOOKMARK 3"]);
    const query = "watch=true&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=300";
    expect(server.requests.map(({ url }) => url)).toEqual([`/api/v1/pods?${query}`]);
  });

  it.each<[string, Answer, object]>([
    ["an ERROR event", stream('{"type":"ERROR","object":{"code":410,"reason":"Expired"}}\n'), { status: 410, reason: "Expired" }],
    ["a refusal", refusal(429, "TooManyRequests", "slow", { "retry-after": "9" }), { status: 429, retryAfterMs: 9_000 }],
    ["a line that is not JSON", stream("{nonsense\n"), { reason: "Malformed" }],
    ["an event of an unknown type", stream('{"type":"SURPRISE"}\n'), { reason: "Malformed" }],
    ["a broken connection", (response) => void response.write("{", () => response.destroy()), { status: 0, reason: "NoAnswer" }],
  ])("throws at once on %s", async (_what, answer, expected) => {
    const { server, watch } = await startWatch(answer);
    await expect(watch.next()).rejects.toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
  });

  it("treats the server as lost after three minutes of silence, not before", async () => {
    let send = () => {};
    const { clock, watch } = await startWatch((response) => {
      send = () => void response.write(bookmark);
      send();
    });
    await watch.next();
    for (let i = 0; i < 3; i++) {
      const next = watch.next();
      await clock.advance(179_000);
      send();
      expect((await next).value).toMatchObject({ type: "BOOKMARK" });
    }
    const failed = expect(watch.next()).rejects.toMatchObject({ status: 0, reason: "Timeout" });
    await clock.advance(180_000);
    await failed;
  });

  it("ends with its signal", async () => {
    const { server, stop, watch } = await startWatch((response) => response.flushHeaders());
    const failed = expect(watch.next()).rejects.toMatchObject({ status: 0 });
    await server.arrived(1);
    stop.abort();
    await failed;
  });
});
