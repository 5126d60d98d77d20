import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { EventStream } from "../../../test/support/console/event-stream.ts";
import { FakeSource, tile } from "../../../test/support/console/fake-source.ts";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { Permission } from "../../kube/access-review.ts";
import type { TokenReview } from "../../kube/token-review.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { Permissions } from "../access/permissions.ts";
import { Viewers } from "../access/viewers.ts";
import type { Role } from "../role.ts";
import { FanOut } from "../stream/fan-out.ts";
import type { Asset } from "./assets.ts";
import { consoleServer } from "./server.ts";

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** Permissions of each user: `verb resource namespace/name`, with `*` for all. */
const rights: Readonly<Record<string, readonly string[]>> = {
  ann: ["get avatarpools a/*", "delete avatarpools/sessions a/*", "create avatarpools/launches a/one"],
  bob: ["get avatarpools b/three"],
  eve: ["get avatarpools */*"],
  nil: [],
};

function allows(user: string, { verb, resource, subresource, namespace = "*", name = "*" }: Permission): boolean {
  const what = `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;
  return [`${namespace}/${name}`, `${namespace}/*`, "*/*"].some((where) => rights[user]?.includes(`${what} ${where}`));
}

async function setup(options: { readonly standsBy?: { readonly leader: string | undefined } } = {}) {
  const clock = new FakeClock();
  const source = new FakeSource("a/one", "a/two", "b/three");
  const away = { now: false };
  const reviews: string[] = [];
  const review = async (token: string): Promise<TokenReview> => {
    if (away.now) throw new Error("no API server");
    return { user: token in rights ? { username: token } : undefined, audiences: [] };
  };
  const permissions = new Permissions({
    clock,
    async review({ username }, permission) {
      if (away.now) throw new Error("no API server");
      reviews.push(`${permission.verb} ${permission.namespace ?? "*"}/${permission.name ?? "*"}`);
      return allows(username, permission);
    },
  });
  const leading = new AbortController();
  const leads: Role = { kind: "leads", source, fanOut: new FanOut({ source, clock }), leading: leading.signal };
  const role: Role = options.standsBy === undefined ? leads : { kind: "standsBy", ...options.standsBy };
  const lines: string[] = [];
  const asset = (text: string, immutable: boolean): Asset => {
    const body = Buffer.from(text);
    return { type: "text/plain", body, gzipped: async () => gzipSync(body), etag: `"${text}"`, immutable };
  };
  const server = consoleServer({
    replica: "operator-0",
    role: () => role,
    viewers: new Viewers({ review, permissions, clock }),
    assets: new Map([
      ["index.html", asset("page", false)],
      ["main-ABCD1234.js", asset("script", true)],
    ]),
    clock,
    logger: createLogger("test", "info", { write: (line) => lines.push(line) }),
  });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  running.push(() => server.close());
  const send = async (method: string, path: string, token?: string, body?: unknown) => {
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const response = await fetch(`${url}/${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return {
      status: response.status,
      text,
      message: text.startsWith("{") ? JSON.parse(text).message : undefined,
      headers: response.headers,
    };
  };
  const open = async (token: string, ...pools: readonly string[]) => {
    const stream = await EventStream.open(`${url}/api/stream?${pools.map((pool) => `pool=${pool}`).join("&")}`, token);
    running.unshift(async () => stream.close());
    return stream;
  };
  return { clock, source, send, open, url, away, reviews, leading, lines };
}

describe("the console's API", () => {
  it("responds to a viewer with a valid token only", async () => {
    const { send, lines } = await setup();
    expect(await send("GET", "api/viewer")).toMatchObject({ status: 401, message: expect.stringMatching(/sign in/) });
    expect(lines).toEqual([]);
    expect(await send("GET", "api/viewer", "wrong")).toMatchObject({ status: 401 });
    expect(lines.join("")).toMatch(/"address":"127.0.0.1","path":"\/api\/viewer".*request without a valid token/);
    expect(lines.join("")).not.toMatch(/wrong/);
    const { status, text } = await send("GET", "api/viewer", "ann");
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ user: "ann", operator: "operator-0", sinceMs: 1_000, history: "memory" });
  });

  it("names the missing permission, and does not reveal whether a pool exists", async () => {
    const { send, source } = await setup();
    const message = (pool: string) =>
      `bob may not get avatarpools.avatarpool.dev "${pool}" in namespace "a": bind a role with this permission`;
    expect(await send("GET", "api/pools/a/one/history", "bob")).toMatchObject({ status: 403, message: message("one") });
    expect(await send("GET", "api/pools/a/none/history", "bob")).toMatchObject({ status: 403, message: message("none") });
    expect(await send("GET", "api/pools/a/none/history", "ann")).toMatchObject({ status: 404 });
    expect(await send("GET", "api/pools/a/one/history?from=5&to=9", "ann")).toMatchObject({ status: 200 });
    expect(await send("DELETE", "api/pools/b/three/sessions/room", "bob")).toMatchObject({
      status: 403,
      message: expect.stringMatching(/^bob may not delete avatarpools\/sessions\.avatarpool\.dev "three" in namespace "b"/),
    });
    expect(await send("POST", "api/pools/a/two/launch", "ann", {})).toMatchObject({
      status: 403,
      message: expect.stringMatching(/may not create avatarpools\/launches/),
    });
    expect(source.stopped).toEqual([]);
  });

  it("stops sessions and launches for a viewer with these permissions, and logs both without a token", async () => {
    const { send, source, lines } = await setup();
    expect(await send("DELETE", "api/pools/a/one/sessions/a%20room", "ann")).toMatchObject({ status: 200 });
    expect(source.stopped).toEqual(["a/one a room"]);
    expect(await send("DELETE", "api/pools/a/one/sessions/empty", "ann")).toMatchObject({ status: 404 });
    const launch = { livekitUrl: "wss://livekit.test", livekitToken: "SECRET", room: "test" };
    expect(await send("POST", "api/pools/a/one/launch", "ann", launch)).toMatchObject({ status: 200 });
    expect(await send("POST", "api/pools/a/one/launch", "ann", { ...launch, room: "" })).toMatchObject({
      status: 400,
      message: expect.stringMatching(/room/),
    });
    expect(source.launched).toEqual(["a/one test"]);
    expect(lines.join("")).toMatch(/"user":"ann".*viewer stopped sessions/);
    expect(lines.join("")).not.toMatch(/SECRET|Bearer/);
  });

  it("reports that authentication or a gateway is unavailable", async () => {
    const { send, away, source } = await setup();
    source.failure = new Error("no gateway responded: retry");
    expect(await send("GET", "api/pools/a/one/sessions", "ann")).toMatchObject({
      status: 503,
      message: "no gateway responded: retry",
    });
    away.now = true;
    expect(await send("GET", "api/viewer", "bob")).toMatchObject({
      status: 503,
      message: expect.stringMatching(/authentication is unavailable/),
    });
    expect(await send("GET", "api/pools/b/three/history", "ann")).toMatchObject({
      status: 503,
      message: expect.stringMatching(/authorization is unavailable/),
    });
  });

  it("limits the requests of a user", async () => {
    const { send } = await setup();
    const statuses = new Set<number>();
    for (let count = 0; count < 101; count += 1) statuses.add((await send("GET", "api/pools/a/one/replay", "ann")).status);
    expect([...statuses]).toEqual([200, 429]);
  });
});

describe("the console's pages", () => {
  it("have a strict content security policy, and are cached by their hash only", async () => {
    const { send } = await setup();
    const index = await send("GET", "");
    expect(index).toMatchObject({ status: 200, text: "page" });
    expect(index.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
    expect(index.headers.get("x-content-type-options")).toBe("nosniff");
    expect(index.headers.get("cache-control")).toBe("no-cache");
    const script = await send("GET", "main-ABCD1234.js");
    expect(script.headers.get("cache-control")).toMatch(/immutable/);
    expect(await send("HEAD", "")).toMatchObject({ status: 200, text: "" });
    expect(await send("GET", "none.js")).toMatchObject({ status: 404 });
    expect(await send("GET", "../../etc/passwd")).toMatchObject({ status: 404 });
    const api = await send("GET", "api/viewer", "ann");
    expect(api.headers.get("content-security-policy")).toMatch(/default-src 'none'/);
    expect(api.headers.get("cache-control")).toBe("no-store");
  });
});

const rowNames = (event: unknown) => (event as { rows: { name: string }[] }).rows.map(({ name }) => name);

describe("the console's stream", () => {
  it("begins with the complete state of the pools that the viewer may get", async () => {
    const { open } = await setup();
    expect(rowNames(await (await open("ann")).next())).toEqual(["one", "two"]);
    expect(rowNames(await (await open("bob")).next())).toEqual(["three"]);
    expect(rowNames(await (await open("eve")).next())).toEqual(["one", "two", "three"]);
    const none = await open("nil", "a/one");
    expect(rowNames(await none.next())).toEqual([]);
    expect(await none.next()).toMatchObject({ type: "gone", pool: "a/one", message: expect.stringMatching(/nil may not get/) });
  });

  it("continues with changes only, at most four times a second", async () => {
    const { open, source, clock } = await setup();
    source.set("a/one", {}, [tile("x"), tile("y")]);
    const stream = await open("ann", "a/one");
    await stream.next();
    const may = { stopSessions: true, launch: true };
    expect(await stream.next()).toMatchObject({
      type: "pool",
      complete: true,
      workers: [{ uid: "x" }, { uid: "y" }],
      summary: { may },
    });
    const kept = source.pool("a/one")!.workers.get("x")!;
    source.set("a/one", { sessions: 1 }, [kept, tile("z")]);
    source.set("b/three", { sessions: 9 });
    await clock.advance(20);
    expect(await stream.next()).toMatchObject({
      type: "fleet",
      complete: false,
      rows: [{ name: "one", sessions: 1 }],
      removed: [],
    });
    expect(await stream.next()).toMatchObject({
      complete: false,
      workers: [{ uid: "z" }],
      removed: ["y"],
      summary: { sessions: 1, may },
    });
    for (const sessions of [2, 3, 4]) {
      source.set("a/two", { sessions });
      await clock.advance(84);
    }
    expect(await stream.next()).toMatchObject({ type: "fleet", rows: [{ name: "two", sessions: 4 }] });
    source.touch("a/one");
    source.set("a/two", undefined);
    await clock.advance(250);
    expect(await stream.next()).toMatchObject({ type: "fleet", rows: [], removed: ["a/two"] });
    source.add("a/one", { decisions: [], sample: { atMs: 7 } as never });
    source.add("a/two", { decisions: [], sample: { atMs: 8 } as never });
    source.set("a/one", undefined);
    await clock.advance(250);
    expect(await stream.next()).toMatchObject({ type: "sample", sample: { atMs: 7 } });
    expect(await stream.next()).toMatchObject({ type: "fleet", removed: ["a/one"] });
    expect(await stream.next()).toMatchObject({ type: "gone", pool: "a/one", message: expect.stringMatching(/does not exist/) });
  });
});

describe("a standby", () => {
  it("forwards requests and streams to the leader, and ends a stream with the leader's", async () => {
    const leader = await setup();
    const { send, open } = await setup({ standsBy: { leader: leader.url } });
    const { status, text } = await send("GET", "api/viewer", "ann");
    expect([status, JSON.parse(text).user]).toEqual([200, "ann"]);
    expect(await send("GET", "api/viewer")).toMatchObject({ status: 401, message: expect.stringMatching(/sign in/) });
    const launch = { livekitUrl: "wss://livekit.test", livekitToken: "token", room: "through" };
    expect(await send("POST", "api/pools/a/one/launch", "ann", launch)).toMatchObject({ status: 200 });
    expect(leader.source.launched).toEqual(["a/one through"]);
    const stream = await open("ann");
    expect(stream.headers.get("content-type")).toBe("text/event-stream");
    expect(rowNames(await stream.next())).toEqual(["one", "two"]);
    leader.source.set("a/one", { sessions: 3 });
    await leader.clock.advance(250);
    expect(await stream.next()).toMatchObject({ rows: [{ name: "one", sessions: 3 }] });
    leader.leading.abort();
    expect(await stream.next()).toBeUndefined();
  });

  it("ends the leader's stream when its viewer leaves", async () => {
    const leader = await setup();
    const { open } = await setup({ standsBy: { leader: leader.url } });
    const stream = await open("ann");
    await stream.next();
    expect(leader.source.listeners).toBe(2);
    stream.close();
    await expect.poll(() => leader.source.listeners).toBe(0);
  });

  it("reports that no operator leads or responds, and shows its own page then", async () => {
    const unknown = await setup({ standsBy: { leader: undefined } });
    expect(await unknown.send("GET", "api/viewer", "ann")).toMatchObject({
      status: 503,
      message: "no operator leads now, or operator-0 has not observed the leader yet: retry in a few seconds",
    });
    const dead = await setup({ standsBy: { leader: "http://127.0.0.1:9" } });
    expect(await dead.send("GET", "api/viewer", "ann")).toMatchObject({
      status: 503,
      message: expect.stringMatching(/^the leading operator did not respond to operator-0 .*: retry in a few seconds$/),
    });
    for (const { send } of [unknown, dead]) expect(await send("GET", "")).toMatchObject({ status: 200, text: "page" });
  });

  it("does not forward a request of another standby", async () => {
    const leader = await setup();
    const second = await setup({ standsBy: { leader: leader.url } });
    const first = await setup({ standsBy: { leader: second.url } });
    expect(await first.send("GET", "api/viewer", "ann")).toMatchObject({
      status: 503,
      message: expect.stringMatching(/^no operator leads/),
    });
  });
});
