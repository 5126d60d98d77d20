import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificates } from "../../../test/support/gateway/certificates.ts";
import { cloudServer } from "../../../test/support/gateway/cloud-server.ts";
import { CloudUnreachable, HttpCloud } from "./cloud.ts";

const cloud = new HttpCloud();
const never = new AbortController().signal;

async function launched(answer: (response: ServerResponse) => void, signal: AbortSignal = never) {
  await using server = await cloudServer({ answer });
  const outcome = await cloud
    .launch({ url: server.url, secret: "s3cret", body: '{"room_name":"é"}' }, signal)
    .catch((error: Error) => error);
  return { outcome, requests: server.requests };
}

describe("the maker's cloud over HTTP", () => {
  it("gets the body as JSON with the secret in the header api-secret", async () => {
    const { outcome, requests } = await launched((response) => response.writeHead(200).end("{}"));
    expect(outcome).toEqual({ status: 200, retryAfter: undefined, text: "{}" });
    expect(requests).toMatchObject([
      { headers: { "content-type": "application/json", "api-secret": "s3cret" }, body: '{"room_name":"é"}' },
    ]);
  });

  it("returns its status and Retry-After, and only the beginning of its body", async () => {
    const { outcome } = await launched((response) => response.writeHead(429, { "retry-after": "7" }).end("x".repeat(1_000_000)));
    expect(outcome).toMatchObject({ status: 429, retryAfter: "7", text: expect.stringMatching(/^x{4096}$/) });
  });

  it("does not block the client with an endless body", async () => {
    const { outcome } = await launched((response) => {
      response.writeHead(200);
      const more = () => void response.write("x".repeat(10_000), () => setImmediate(more));
      more();
    });
    expect(outcome).toMatchObject({ status: 200 });
  });

  it("cannot redirect the secret to another URL", async () => {
    const { outcome, requests } = await launched((response) => response.writeHead(307, { location: "/other" }).end());
    expect(outcome).toMatchObject({ status: 307 });
    expect(requests).toHaveLength(1);
  });

  it("may have accepted a launch if the connection closes before a response", async () => {
    const { outcome } = await launched((response) => response.destroy());
    expect(outcome).toBeInstanceOf(Error);
    expect(outcome).not.toBeInstanceOf(CloudUnreachable);
  });

  it("is not awaited after the signal aborts", async () => {
    const { outcome } = await launched(() => {}, AbortSignal.timeout(50));
    expect(outcome).toBeInstanceOf(Error);
    expect(outcome).not.toBeInstanceOf(CloudUnreachable);
  });

  it("has accepted nothing without a connection, or without a trusted one", async () => {
    await using server = await cloudServer({ answer: (response) => response.end() });
    const urls = ["http://127.0.0.1:1/", "https://[:::]/", server.url.replace("http:", "https:")];
    for (const url of urls) {
      await expect(cloud.launch({ url, secret: "s", body: "{}" }, never)).rejects.toBeInstanceOf(CloudUnreachable);
    }
    expect(server.requests).toEqual([]);
  });
});

describe("the maker's cloud through a proxy", () => {
  /** What the proxy received. */
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(200).end("from the proxy");
  });
  proxy.on("connect", ({ url }, socket) => {
    seen.push(`CONNECT ${url}`);
    if (url !== "localhost:443") {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    const upstream = connect((origin.address() as AddressInfo).port, "127.0.0.1");
    socket
      .pipe(upstream)
      .pipe(socket)
      .on("error", () => {});
  });
  const origin = createTlsServer(certificates.first, ({ url }, response) => {
    if (url === "/lost") response.destroy();
    else response.end("from the cloud");
  });
  const authorities = getCACertificates("default");
  let behindProxy: HttpCloud;

  beforeAll(async () => {
    setDefaultCACertificates([...authorities, certificates.first.cert.toString()]);
    for (const server of [proxy, origin]) await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    behindProxy = new HttpCloud({ NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: ".svc" });
  });
  afterAll(() => {
    setDefaultCACertificates(authorities);
    for (const server of [proxy, origin]) server.close();
  });
  const launch = (url: string) => behindProxy.launch({ url, secret: "s3cret", body: "{}" }, never);

  it("receives launches over HTTPS in a tunnel, and over HTTP from the proxy", async () => {
    expect(await launch("https://localhost/launch")).toMatchObject({ status: 200, text: "from the cloud" });
    expect(await launch("http://cloud.example/launch")).toMatchObject({ status: 200, text: "from the proxy" });
    expect(seen.splice(0)).toEqual(["CONNECT localhost:443", "POST http://cloud.example/launch"]);
  });

  it("may have accepted a launch in a tunnel that closes before a response", async () => {
    const failure = await launch("https://localhost/lost").catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(CloudUnreachable);
    seen.length = 0;
  });

  it("has accepted nothing if the proxy rejects the tunnel, and needs none for hosts in NO_PROXY", async () => {
    await expect(launch("https://blocked.example/")).rejects.toBeInstanceOf(CloudUnreachable);
    await expect(launch("http://cloud.svc/")).rejects.toBeInstanceOf(CloudUnreachable);
    expect(seen.splice(0)).toEqual(["CONNECT blocked.example:443"]);
  });
});
