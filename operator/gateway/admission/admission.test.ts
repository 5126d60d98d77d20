import { afterEach, describe, expect, it } from "vitest";
import { json, type LiveGatewayOptions, liveGateway } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

/** Dialects, tokens and limits over HTTP. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type Auth = NonNullable<NonNullable<Parameters<typeof testPool>[0]>["launch"]>["auth"];

async function setup(auth?: Auth, options: LiveGatewayOptions = {}) {
  const pool = testPool({ launch: { queue: { length: 5, deadline: "0s" }, ...(auth && { auth }) } });
  const gateway = await liveGateway(
    [(_request, response) => json(response, 200, { status: "pending", task_id: "t1" })],
    pool,
    options,
  );
  cleanups.push(gateway.close);
  let room = 0;
  /** Sends a launch in a separate room. */
  const launch = (changes: Record<string, string> = {}, headers: Record<string, string> = {}) => {
    room += 1;
    return gateway.post(new URLSearchParams({ ...fields, room_name: `room-${room}`, ...changes }), { headers });
  };
  const last = () => new URLSearchParams(String(gateway.received.at(-1)?.body));
  return { ...gateway, launch, last };
}

const fields = { livekit_url: "wss://lk.example.com", livekit_token: "jwt", room_name: "room-1", avatar_id: "maya" };
const tokens: LiveGatewayOptions = { readSecret: async () => new Map(Object.entries({ ann: "a-token", bob: "b-token" })) };
const auth: Auth = { secretRef: { name: "tokens" } };
const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string; field?: string } }).error;

describe("dialects", () => {
  it("accepts the JSON of the maker's API, and sends the worker its form", async () => {
    const { post, last } = await setup();
    const { avatar_id: _, ...rest } = fields;
    const body = JSON.stringify({ ...rest, mode: "gpu", agent_id: "maya", image: null });
    const response = await post(body, { headers: { "content-type": "application/json", "api-secret": "makers" } });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(last())).toEqual({
      ...rest,
      avatar_image_url: "https://example.com/maya.jpg",
      async_mode: "true",
      api_secret: "makers",
    });
  });

  it("converts an image in base64 to a file", async () => {
    const { post, received } = await setup();
    const face = Buffer.from([0xff, 0xd8, 0xff, 0, 1, 2]);
    const { avatar_id: _, ...rest } = fields;
    const body = JSON.stringify({ ...rest, image: face.toString("base64") });
    expect((await post(body, { headers: { "content-type": "application/json" } })).status).toBe(200);
    expect(received[0]?.headers["content-type"]).toMatch(/^multipart\/form-data/);
    expect(received[0]?.body.includes(face)).toBe(true);
  });

  it("names the field as in the client's request", async () => {
    const { post } = await setup();
    const body = JSON.stringify({ ...fields, avatar_id: null, agent_id: "nobody" });
    const response = await post(body, { headers: { "content-type": "application/json" } });
    expect([response.status, (await errorOf(response)).field]).toEqual([404, "agent_id"]);
  });

  it("reads async_mode from ?async=false", async () => {
    const { origin, path, last } = await setup();
    await fetch(`${origin}${path}?async=false`, { method: "POST", body: new URLSearchParams(fields) });
    expect(last().get("async_mode")).toBe("false");
  });

  it("serves POST /launch from the default pool, and names the setting if it is missing", async () => {
    const body = new URLSearchParams(fields);
    const withDefault = await setup(undefined, { defaultPool: "avatars/support" });
    expect((await fetch(`${withDefault.origin}/launch`, { method: "POST", body })).status).toBe(200);
    const without = await setup();
    const response = await fetch(`${without.origin}/launch`, { method: "POST", body });
    expect([response.status, (await errorOf(response)).message]).toEqual([404, expect.stringContaining("AVATARPOOL_DEFAULT_POOL")]);
  });

  it("forwards the trace context, and logs its id", async () => {
    const { launch, received, lines } = await setup();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await launch({}, { traceparent, tracestate: "a=b" });
    expect(received[0]?.headers).toMatchObject({ traceparent, tracestate: "a=b" });
    expect(lines[0]).toMatchObject({ traceId: "0af7651916cd43dd8448eb211c80319c", readMs: expect.any(Number) });
    await launch({}, { traceparent: "garbage", tracestate: "a=b" });
    expect(received[1]?.headers).not.toHaveProperty("traceparent");
  });

  it("describes itself", async () => {
    const { origin } = await setup();
    const response = await fetch(`${origin}/openapi.json`);
    expect(await response.json()).toMatchObject({ openapi: "3.1.0", paths: { "/{namespace}/{pool}/launch": {}, "/launch": {} } });
  });
});

describe("tokens", () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["as a bearer", {}, { authorization: "Bearer a-token" }],
    ["in the header api-secret", {}, { "api-secret": "a-token" }],
    ["in the field api_secret", { api_secret: "a-token" }, {}],
  ])("accepts a client's token %s, logs the client's name, and sends no token to the worker", async (_how, more, headers) => {
    const { launch, last, lines, received } = await setup(auth, tokens);
    expect((await launch(more, headers)).status).toBe(200);
    expect(lines[0]).toMatchObject({ client: "ann", outcome: "served" });
    expect(last().has("api_secret")).toBe(false);
    expect(JSON.stringify([lines, received[0]?.headers])).not.toContain("a-token");
  });

  it("forwards the maker's secret that accompanies a token", async () => {
    const { launch, last } = await setup(auth, tokens);
    await launch({ api_secret: "makers" }, { authorization: "Bearer b-token" });
    expect(last().get("api_secret")).toBe("makers");
  });

  const bearer = { authorization: "Bearer a-token" };
  it.each<[string, Record<string, string>, Record<string, string>, string | null]>([
    ["padded in the field", { api_secret: "  a-token\t" }, {}, null],
    ["padded as a bearer, and in the field", { api_secret: " a-token " }, { authorization: "bearer \t a-token  " }, null],
    ["padded in the header api-secret, and in the field", { api_secret: "a-token\n" }, { "API-Secret": "  a-token " }, null],
    ["in every place", { api_secret: "a-token" }, { ...bearer, "api-secret": "a-token" }, null],
    ["and another client's token in the field", { api_secret: " b-token" }, bearer, null],
    ["and another client's token in a header", {}, { ...bearer, "api-secret": " b-token " }, null],
    [
      "and another client's token before the maker's secret",
      { api_secret: "b-token" },
      { ...bearer, "api-secret": "makers" },
      "makers",
    ],
    ["and the maker's secret padded in the field", { api_secret: " makers " }, bearer, "makers"],
    ["and the maker's secret padded in a header", {}, { ...bearer, "api-secret": "  makers " }, "makers"],
    ["in a header before the maker's secret in the field", { api_secret: "makers" }, { "api-secret": "a-token" }, "makers"],
  ])("sends no token of the pool to the worker: %s", async (_how, more, headers, secret) => {
    const { launch, last, received } = await setup(auth, tokens);
    expect((await launch(more, headers)).status).toBe(200);
    expect(last().get("api_secret")).toBe(secret);
    expect(JSON.stringify([received[0]?.headers, String(received[0]?.body)])).not.toMatch(/[ab]-token/);
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["no token", {}, {}],
    ["a wrong token", {}, { authorization: "Bearer c-token" }],
    ["a password", {}, { authorization: "Basic YS10b2tlbjo=" }],
    ["a wrong token before a valid one", { api_secret: "a-token" }, { authorization: "Bearer c-token" }],
  ])("responds 401 to %s, and sends no request to a worker", async (_what, more, headers) => {
    const { launch, received } = await setup(auth, tokens);
    const response = await launch(more, headers);
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await errorOf(response)).toMatchObject({ code: "unauthorized", message: expect.stringContaining("token") });
    expect(received).toEqual([]);
  });

  it("reports why authentication is unavailable if the Secret is missing", async () => {
    const { launch } = await setup(auth, { readSecret: async () => undefined });
    const response = await launch({}, { authorization: "Bearer a-token" });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await errorOf(response)).toMatchObject({ code: "auth_unavailable", message: expect.stringContaining("create it") });
  });

  it("responds 429 with Retry-After above a client's rate, and still serves other clients", async () => {
    const { launch } = await setup({ ...auth, launchesPerMinute: 2 }, tokens);
    const ann = { authorization: "Bearer a-token" };
    expect([(await launch({}, ann)).status, (await launch({}, ann)).status]).toEqual([200, 200]);
    const refused = await launch({}, ann);
    expect([refused.status, Number(refused.headers.get("retry-after"))]).toEqual([429, expect.closeTo(30, -1)]);
    expect((await errorOf(refused)).message).toContain("launch.auth.launchesPerMinute is 2");
    expect((await launch({}, { authorization: "Bearer b-token" })).status).toBe(200);
  });

  it("releases a launch's place after any result", async () => {
    const { launch } = await setup({ ...auth, launchesAtOnce: 1 }, tokens);
    const ann = { authorization: "Bearer a-token" };
    for (let bad = 0; bad < 3; bad += 1) expect((await launch({ room_name: "" }, ann)).status).toBe(400);
    expect((await launch({ livekit_url: "https://x.example.com" }, ann)).status).toBe(400);
    expect((await launch({}, ann)).status).toBe(200);
  });
});
