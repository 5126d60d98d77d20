import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { json, type LiveGatewayOptions, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const accept: Take = (_request, response) => json(response, 200, { status: "pending", task_id: "t1" });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(
  takes: readonly Take[],
  pool = testPool({ launch: { queue: { length: 5, deadline: "0s" } } }),
  options: LiveGatewayOptions = {},
) {
  const gateway = await liveGateway(takes, pool, options);
  cleanups.push(gateway.close);
  return gateway;
}

const fields = { livekit_url: "wss://lk.example.com", livekit_token: "top-secret", room_name: "room-1", avatar_id: "maya" };
const form = (changes: Record<string, string> = {}) => new URLSearchParams({ ...fields, ...changes });
const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string; field?: string } }).error;

function upload(bytes: number): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) if (name !== "avatar_id") data.set(name, value);
  data.set("avatar_image", new Blob([Buffer.alloc(bytes, 7)], { type: "image/jpeg" }), "me.jpg");
  return data;
}

describe("the launch server", () => {
  it("serves over IPv6, and reaches workers with an IPv6 address", async () => {
    const { post, origin } = await setup([accept], testPool(), { host: "::1" });
    expect(origin).toMatch(/^http:\/\/\[::1\]:/);
    expect((await post(form())).status).toBe(200);
  });

  it("measures the stages of a served launch", async () => {
    const slowly: Take = (request, response, body) => setTimeout(() => accept(request, response, body), 60);
    const { post, metrics } = await setup([slowly]);
    expect((await post(form())).status).toBe(200);
    const sums = async () => {
      const { values } = await metrics.stageSeconds.get();
      const ofSums = values.filter(({ metricName }) => metricName === "avatarpool_launch_stage_duration_seconds_sum");
      return Object.fromEntries(ofSums.map(({ labels, value }) => [labels.stage, value]));
    };
    await expect.poll(async () => Object.keys(await sums()).sort()).toEqual(["forward", "pick", "queue", "worker"]);
    const { forward, queue } = await sums();
    expect(forward).toBeGreaterThan(0.05);
    expect(queue).toBe(0);
  });

  it("responds 503 to an unknown pool while the gateway's view is old", async () => {
    const { origin, view } = await setup([]);
    view.old = true;
    const response = await fetch(`${origin}/avatars/new/launch`, { method: "POST", body: form() });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await errorOf(response)).code).toBe("pool_unknown");
  });

  it("accepts launches while it stops, and closes their connections", async () => {
    const { post, view } = await setup([accept]);
    view.stopping = true;
    const response = await post(form());
    expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
  });

  it("forwards the worker's status and body, and names the worker and the path", async () => {
    const { post } = await setup([accept]);
    const response = await post(form());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "pending", task_id: "t1" });
    expect(response.headers.get("x-avatarpool-worker")).toBe("w0");
    expect(response.headers.get("x-avatarpool-path")).toBe("warm");
    expect(response.headers.get("server-timing")).toMatch(/^queue;dur=\d+, pick;dur=\d+, forward;dur=\d+$/);
  });

  it("does not forward the client's Authorization, and logs one line without token or secret", async () => {
    const { post, received, lines } = await setup([accept]);
    await post(form({ api_secret: "hidden" }), { headers: { authorization: "Bearer hidden" } });
    expect(received[0]?.headers.authorization).toBeUndefined();
    expect(new URLSearchParams(String(received[0]?.body)).get("api_secret")).toBe("hidden");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      room: "room-1",
      pool: "support",
      preset: "maya",
      worker: "w0",
      attempts: 1,
      outcome: "served",
    });
    expect(JSON.stringify(lines)).not.toMatch(/hidden|top-secret/);
  });

  it("forwards an image unchanged, and then releases it", async () => {
    const { post, received, rooms } = await setup([accept]);
    const response = await post(upload(3_000_000));
    expect(response.status).toBe(200);
    expect(received[0]?.headers["content-type"]).toMatch(/^multipart\/form-data/);
    expect(received[0]?.body.includes(Buffer.alloc(3_000_000, 7))).toBe(true);
    expect(rooms.held).toBe(0);
  });

  it("responds 413 with a message to an image of 20 MB, and sends no request to a worker", async () => {
    const { post, received } = await setup([accept]);
    const response = await post(upload(20_000_000));
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: "too_large", message: expect.stringContaining("16 MB") });
    expect(received).toEqual([]);
  });

  it("tries the next worker after a 503", async () => {
    const { post } = await setup([(_request, response) => json(response, 503, { status: "at_capacity" }), accept]);
    const response = await post(form());
    expect([response.status, response.headers.get("x-avatarpool-worker")]).toEqual([200, "w1"]);
  });

  it("does not send a launch again after a reset", async () => {
    const { post, received } = await setup([(request) => request.socket.resetAndDestroy(), accept]);
    const response = await post(form());
    expect([response.status, (await errorOf(response)).code, received.length]).toEqual([502, "worker_failed", 1]);
  });

  it("responds 503 with Retry-After if no slot is free", async () => {
    const { post } = await setup([(_request, response) => json(response, 503, { status: "at_capacity" })]);
    const response = await post(form());
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "45"]);
  });

  it.each([
    ["an unknown pool", "/avatars/nobody/launch", 404, "pool_not_found"],
    ["an unknown path", "/launch/me", 404, "not_found"],
    ["a badly encoded URL", "/avatars/%zz/launch", 400, "bad_request"],
  ])("responds to %s with JSON", async (_what, path, status, code) => {
    const { origin } = await setup([]);
    const response = await fetch(`${origin}${path}`, { method: "POST", body: form() });
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code]);
  });

  it.each(["/avatars/support/launch/", "//avatars//support//launch//", "///avatars/support/launch?async=//", "//launch/"])(
    "serves %s, a join of a base URL and a path",
    async (path) => {
      const { raw } = await setup([accept], undefined, { defaultPool: "avatars/support" });
      const body = form().toString();
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded`;
      const answer = await raw(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      expect(answer).toMatch(path.includes("async") ? /^HTTP\/1\.1 400 .*async must be true or false/s : /^HTTP\/1\.1 200 /);
      expect(await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 405 /);
    },
  );

  it.each(["GET", "HEAD"])("responds to a load balancer's health checks with %s, and with 503 while it stops", async (method) => {
    const { origin, view } = await setup([]);
    const check = async (path: string, accept = "*/*") => {
      const response = await fetch(`${origin}${path}`, { method, headers: { accept } });
      return [response.status, response.headers.get("content-type")?.split(";")[0], await response.text()];
    };
    const text = (content: string) => (method === "GET" ? content : "");
    const line = "AvatarPool gateway: send launches to POST /{namespace}/{pool}/launch; the API is described at /openapi.json";
    expect(await check("/")).toEqual([200, "text/plain", text(`${line}\n`)]);
    expect(await check("/", "application/json")).toEqual([
      200,
      "application/json",
      text(JSON.stringify({ message: line, ready: true })),
    ]);
    expect(await check("/readyz")).toEqual([200, "text/plain", text("ok\n")]);
    view.stopping = true;
    expect(await check("/healthz")).toEqual([200, "text/plain", text("ok\n")]);
    expect(await check("/readyz/")).toEqual([503, "text/plain", text("stopping\n")]);
    expect(await check("/")).toEqual([503, "text/plain", text(`${line}\n`)]);
  });

  it("responds 405 to another method, 415 to XML, and 400 to a missing field, with its name", async () => {
    const { origin, post } = await setup([]);
    const get = await fetch(`${origin}/avatars/support/launch`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await post("<a/>", { headers: { "content-type": "text/xml" } })).status).toBe(415);
    const missing = await post(form({ room_name: "" }));
    expect(missing.status).toBe(400);
    expect(await errorOf(missing)).toMatchObject({ field: "room_name" });
  });

  it("frees the place of a client that disconnects in the queue", async () => {
    const { post, core } = await setup([], testPool({ launch: { queue: { length: 5, deadline: "1m" } } }));
    const leave = new AbortController();
    const queued = () => core.state("avatars/support")?.queued.maya ?? 0;
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        const stop = core.subscribe(() => {
          if (queued() !== count) return;
          stop();
          resolve();
        });
      });
    const waiting = until(1);
    const response = post(form(), { signal: leave.signal }).catch(() => "left");
    await waiting;
    const left = until(0);
    leave.abort();
    await left;
    expect(await response).toBe("left");
  });

  it("responds to waiting launches when it stops, and closes their connections", async () => {
    const { post, core, origin, stop } = await setup([], testPool({ launch: { queue: { length: 5, deadline: "1m" } } }));
    const queued = new Promise<void>((resolve) => core.subscribe(({ shortSinceMs }) => shortSinceMs !== undefined && resolve()));
    const response = post(form());
    await queued;
    const stopped = stop();
    core.refuseWaiting();
    expect(await errorOf(await response)).toMatchObject({ code: "gateway_stopping" });
    await stopped;
    await expect(fetch(origin)).rejects.toThrow();
  });

  it("serves launches after an incomplete request", async () => {
    const { origin, post } = await setup([accept]);
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.write(
      "POST /avatars/support/launch HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 999\r\n\r\nroom",
    );
    socket.end();
    socket.resume();
    await once(socket, "close");
    expect((await post(form())).status).toBe(200);
  });
});
