import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { json, type LiveGatewayOptions, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

/** Malformed input from clients and workers, through real sockets. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function setup(take: Take = accept, options: LiveGatewayOptions = {}) {
  const gateway = await liveGateway([take], testPool({ launch: { queue: { length: 5, deadline: "0s" }, attempts: 1 } }), options);
  cleanups.push(gateway.close);
  return gateway;
}

const accept: Take = (_request, response) => json(response, 200, { status: "pending", task_id: "t1" });
const fields = { livekit_url: "wss://lk.example.com", livekit_token: "jwt", room_name: "room-1", avatar_id: "maya" };
const form = new URLSearchParams(fields).toString();
const urlencoded = "content-type: application/x-www-form-urlencoded";

/** A request as bytes. The gateway closes the connection after its response. */
const request = (headers: readonly string[], body = "") =>
  ["POST /avatars/support/launch HTTP/1.1", "host: gateway", "connection: close", ...headers, "", body].join("\r\n");
const sized = (headers: readonly string[], body: string) =>
  request([...headers, `content-length: ${Buffer.byteLength(body)}`], body);
const answered = (status: number, code: string) => new RegExp(`^HTTP/1\\.1 ${status} [^]*"code":"${code}"`);

describe("bad requests", () => {
  it.each<[string, string, RegExp]>([
    [
      "truncated multipart",
      sized(["content-type: multipart/form-data; boundary=x"], '--x\r\ncontent-disposition: form-data; name="room_name"\r\n\r\nro'),
      answered(400, "bad_request"),
    ],
    [
      "a wrong boundary",
      sized(
        ["content-type: multipart/form-data; boundary=y"],
        '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
      ),
      answered(400, "bad_request"),
    ],
    ["missing fields", sized([urlencoded], "room_name=room"), answered(400, "bad_request")],
    ["bytes that are not UTF-8", sized(["content-type: application/json"], '{"room_name":"\ud800"}'), answered(400, "bad_request")],
    ["escapes that are not UTF-8", sized([urlencoded], `${form}&prompt=%ff`), answered(400, "bad_request")],
    ["a room name with a line end", sized([urlencoded], form.replace("room-1", "a%0Ab")), answered(400, "bad_request")],
    ["a compressed body", sized([urlencoded, "content-encoding: gzip"], form), answered(415, "unsupported_media_type")],
    ["another character set", sized([`${urlencoded}; charset=utf-16`], form), answered(415, "unsupported_media_type")],
    ["an unknown transfer encoding", request([urlencoded, "transfer-encoding: gzip"], form), answered(400, "bad_request")],
    ["two lengths", request([urlencoded, "content-length: 3", "content-length: 4"], "a=b"), answered(400, "bad_request")],
    ["a header bomb", request([`x-bomb: ${"a".repeat(30_000)}`]), answered(431, "headers_too_large")],
    ["bytes that are not HTTP", "\u0016\u0003\u0001 hello\r\n\r\n", answered(400, "bad_request")],
  ])("responds to %s with an error message", async (_what, bytes, says) => {
    const { raw, received } = await setup();
    expect(await raw(Buffer.from(bytes, "utf8"))).toMatch(says);
    expect(received).toEqual([]);
  });

  it("responds 413 to 17 MB, with or without a content-length", async () => {
    const { post, rooms } = await setup();
    const image = Buffer.alloc(17 * 1024 * 1024, 97);
    const announced = await post(image, { headers: { "content-type": "application/json" } });
    const stream = new ReadableStream({
      start(controller) {
        for (let megabyte = 0; megabyte < 17; megabyte += 1) controller.enqueue(image.subarray(0, 1024 * 1024));
        controller.close();
      },
    });
    const chunked = await post(stream, { headers: { "content-type": "application/json" }, duplex: "half" });
    expect([announced.status, chunked.status, rooms.held]).toEqual([413, 413, 0]);
  });

  it("closes the connection of an endless body", async () => {
    const { origin, rooms } = await setup();
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(request(["content-type: application/json", "transfer-encoding: chunked"]));
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1024 * 1024, 32), Buffer.from("\r\n")]);
    let megabytes = 0;
    const more = (): void => {
      megabytes += 1;
      if (socket.write(chunk)) setImmediate(more);
    };
    socket.on("drain", more);
    more();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(megabytes).toBeLessThan(200);
    expect(rooms.held).toBe(0);
  });

  it("responds 408 to a body that does not arrive", async () => {
    const { raw, rooms } = await setup(accept, { bodyTimeoutMs: 50 });
    expect(await raw(request([urlencoded, "content-length: 999"], "room"))).toMatch(answered(408, "slow_request"));
    expect(rooms.held).toBe(0);
  });

  it.each([
    ["a pool that requires no token", undefined, {}],
    [
      "a pool that requires a token, from clients without one",
      { secretRef: { name: "tokens" } },
      { authorization: "Bearer a-token" },
    ],
  ])("serves a small launch beside unfinished uploads, in %s", async (_what, auth, headers) => {
    const pool = testPool({ launch: { queue: { length: 5, deadline: "0s" }, ...(auth && { auth }) } });
    const gateway = await liveGateway([accept], pool, { readSecret: async () => new Map([["ann", "a-token"]]) });
    cleanups.push(gateway.close);
    const { origin, post, rooms } = gateway;
    const upload = request(["content-type: multipart/form-data; boundary=x", `content-length: ${16 * 1024 * 1024}`]);
    const sockets = Array.from({ length: 8 }, () => connect(Number(new URL(origin).port), "127.0.0.1"));
    cleanups.unshift(() => sockets.forEach((socket) => void socket.destroy()));
    const chunk = Buffer.alloc((auth === undefined ? 15 : 1) * 1024 * 1024);
    await Promise.all(
      sockets.map((socket) => {
        socket.on("error", () => {});
        socket.write(auth === undefined ? upload : upload.replace(String(16 * 1024 * 1024), String(2 * 1024 * 1024)));
        return new Promise((resolve) => socket.write(chunk, resolve));
      }),
    );
    await expect.poll(() => rooms.held).toBeGreaterThan(3 * 1024 * 1024);
    const small = new URLSearchParams({ ...fields, prompt: "p".repeat(4_000) });
    expect((await post(small, { headers })).status).toBe(200);
    const inField = new URLSearchParams({ ...fields, room_name: "room-2", api_secret: "a-token" });
    expect((await post(inField)).status).toBe(200);
  });

  it("responds to pipelined requests in their order", async () => {
    const { raw } = await setup();
    const first = sized([urlencoded], form).replace("connection: close\r\n", "");
    const second = sized([urlencoded], "room_name=room");
    const answer = await raw(first + second);
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(["200", "400"]);
  });

  it("does not mix a response in progress with the error for later bytes on the connection", async () => {
    let take = (): void => {};
    const { raw } = await setup((_request, response) => {
      take = () => accept(_request, response, Buffer.alloc(0));
      setImmediate(take);
    });
    const first = sized([urlencoded], form).replace("connection: close\r\n", "");
    const answer = await raw(`${first}\u0016\u0003\u0001\r\n\r\n`);
    expect(answer).not.toMatch(/HTTP\/1\.1 400/);
  });
});

describe("bad workers", () => {
  it.each<[string, Take]>([
    [
      "a body that is not JSON",
      (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<h1>ok</h1>"),
    ],
    ["no body", (_request, response) => void response.writeHead(204).end()],
    ["megabytes", (_request, response) => void response.writeHead(200).end("x".repeat(5_000_000))],
    ["a strange content type", (_request, response) => void response.writeHead(200, { "content-type": "\u00ff\u00fe" }).end("{")],
  ])("reports a session if the worker's successful response has %s", async (_what, take) => {
    const { post } = await setup(take);
    const response = await post(form, { headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect(response.ok).toBe(true);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ status: "pending", room_name: "room-1" });
  });

  it.each<[string, Take]>([
    ["a redirect", (_request, response) => void response.writeHead(307, { location: "http://169.254.169.254/" }).end()],
    ["garbage", (request) => void request.socket.end("SSH-2.0-OpenSSH\r\n")],
    ["half a response", (request) => void request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")],
    ["500", (_request, response) => void response.writeHead(500).end("oops")],
  ])("does not treat %s as a session", async (_what, take) => {
    const { post } = await setup(take);
    const response = await post(form, { headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect([502, 503]).toContain(response.status);
    expect(await response.json()).toMatchObject({
      error: { code: expect.any(String), message: expect.stringContaining("worker") },
    });
  });

  it("does not read an endless response", async () => {
    const { post } = await setup((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): boolean => response.write("x".repeat(100_000));
      response.on("drain", more);
      more();
    });
    const response = await post(form, { headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect([response.status, await response.json()]).toEqual([200, { status: "pending", room_name: "room-1" }]);
  });
});
