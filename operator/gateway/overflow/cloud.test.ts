import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
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
