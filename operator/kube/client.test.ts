import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { type Answer, hangUp, json, refusal, StubApiServer, silence } from "../../test/support/stub-api-server.ts";
import type { Clock } from "../runtime/clock.ts";
import { KubeClient } from "./client.ts";
import { deployments, nodes, pods } from "./resource-types.ts";
import type { KubeObject } from "./types.ts";
import { whileLeading } from "./while-leading.ts";

const ref = { namespace: "ns", name: "x" };
const object: KubeObject = { metadata: { ...ref, resourceVersion: "7" } };
const requestTimeoutMs = 30_000;

/** Skips and records the waits between attempts. No timeout fires. */
class RetryClock implements Clock {
  readonly waits: number[] = [];
  now = () => Date.UTC(2026, 0, 1);
  schedule(delayMs: number, callback: () => void) {
    if (delayMs >= requestTimeoutMs) return { cancel() {} };
    this.waits.push(delayMs);
    const timer = setImmediate(callback);
    return { cancel: () => clearImmediate(timer) };
  }
}

async function withServer(answers: Answer[], test: (all: Awaited<ReturnType<typeof setup>>) => Promise<void>): Promise<void> {
  const all = await setup(answers);
  try {
    await test(all);
  } finally {
    await all.server[Symbol.asyncDispose]();
    await all.client.close();
  }
}

async function setup(answers: Answer[]) {
  const server = await StubApiServer.start(...answers);
  const clock = new RetryClock();
  const client = new KubeClient(server.config(), { userAgent: "test/1", clock, random: () => 0.5 });
  const sent = () => server.requests.map(({ method, url }) => `${method} ${url}`);
  return { server, clock, client, sent };
}

describe("KubeClient: requests", () => {
  it("reports each attempt by method and status, and what got no response", async () => {
    const list = json({ metadata: { resourceVersion: "1" }, items: [] });
    const server = await StubApiServer.start(refusal(503, "ServiceUnavailable", "later"), list, hangUp);
    const told: string[] = [];
    const onAttempt = (method: string, code: string, tookMs: number) => told.push(`${method} ${code} ${tookMs >= 0}`);
    const client = new KubeClient(server.config(), { userAgent: "test/1", clock: new RetryClock(), random: () => 0.5, onAttempt });
    await client.list(pods);
    await expect(client.create(pods, object)).rejects.toMatchObject({ status: 0 });
    await server[Symbol.asyncDispose]();
    await client.close();
    expect(told).toEqual(["GET 503 true", "GET 200 true", "POST <error> true"]);
  });

  it("uses the right paths, one user and few connections", async () => {
    await withServer([json({ metadata: { resourceVersion: "1" }, items: [] })], async ({ client, server, sent }) => {
      await client.list(pods, { labelSelector: "a=b,c", limit: 500 });
      await client.list(deployments, { namespace: "ns", continue: "t/1" });
      await client.get(nodes, { namespace: "", name: "n1" });
      await client.create(pods, object);
      await client.replace(deployments, object);
      await client.apply(deployments, object);
      await client.apply(pods, object, { subresource: "status", fieldManager: "f", force: false });
      await client.mergePatch(pods, ref, { metadata: { annotations: { a: null } } });
      await client.delete(pods, ref, { uid: "u1", gracePeriodSeconds: 5 });
      expect(sent()).toEqual([
        "GET /api/v1/pods?labelSelector=a%3Db%2Cc&limit=500",
        "GET /apis/apps/v1/namespaces/ns/deployments?continue=t%2F1",
        "GET /api/v1/nodes/n1",
        "POST /api/v1/namespaces/ns/pods",
        "PUT /apis/apps/v1/namespaces/ns/deployments/x",
        "PATCH /apis/apps/v1/namespaces/ns/deployments/x?fieldManager=avatarpool-operator&force=true",
        "PATCH /api/v1/namespaces/ns/pods/x/status?fieldManager=f&force=false",
        "PATCH /api/v1/namespaces/ns/pods/x?fieldManager=avatarpool-operator",
        "DELETE /api/v1/namespaces/ns/pods/x",
      ]);
      expect(server.requests.map(({ headers }) => headers["content-type"]).slice(3)).toEqual([
        "application/json",
        "application/json",
        "application/apply-patch+yaml",
        "application/apply-patch+yaml",
        "application/merge-patch+json",
        "application/json",
      ]);
      expect(JSON.parse(server.requests[5]?.body ?? "")).toMatchObject({ apiVersion: "apps/v1", kind: "Deployment" });
      expect(JSON.parse(server.requests[8]?.body ?? "")).toMatchObject({ preconditions: { uid: "u1" }, gracePeriodSeconds: 5 });
      for (const { headers } of server.requests) {
        expect(headers).toMatchObject({ authorization: "Bearer secret-token", "user-agent": "test/1" });
      }
      expect(server.connections).toBeLessThanOrEqual(2);
    });
  });

  it("keeps the path of a cluster behind a gateway", async () => {
    await withServer([json({})], async ({ server, sent }) => {
      const client = new KubeClient(server.config({}, "/k8s/clusters/c1/"), { userAgent: "test/1" });
      await client.get(pods, ref);
      await client.close();
      expect(sent()).toEqual(["GET /k8s/clusters/c1/api/v1/namespaces/ns/pods/x"]);
    });
  });

  it("sends no further attempt of a write that is no longer allowed, even after an earlier attempt", async () => {
    await withServer([refusal(503, "ServiceUnavailable", "later"), json({})], async ({ client, sent }) => {
      const leading = new AbortController();
      let tries = 0;
      const writer = whileLeading(client, leading.signal, () => ++tries <= 2);
      await expect(writer.apply(deployments, object)).rejects.toMatchObject({ reason: "NotLeading" });
      expect([sent().length, tries]).toEqual([1, 3]);
    });
  });

  it("distinguishes a missing object from a failure", async () => {
    await withServer([refusal(404, "NotFound", 'pods "x" not found')], async ({ client }) => {
      expect(await client.get(pods, ref)).toBeUndefined();
      expect(await client.delete(pods, ref)).toBe(false);
    });
    await withServer([refusal(409, "Conflict", "the UID in the precondition does not match")], async ({ client }) => {
      expect(await client.delete(pods, ref, { uid: "of-another" })).toBe(false);
    });
  });

  it("names the request and the server's response in its errors", async () => {
    await withServer([refusal(403, "Forbidden", 'pods "x" is forbidden: no')], async ({ client }) => {
      await expect(client.get(pods, ref)).rejects.toMatchObject({
        name: "KubeError",
        status: 403,
        reason: "Forbidden",
        message: 'GET /api/v1/namespaces/ns/pods/x answered 403 Forbidden: pods "x" is forbidden: no',
      });
    });
    const html: Answer = (response) => response.writeHead(404).end("<html>no such upstream</html>");
    await withServer([html], async ({ client }) => {
      await expect(client.list(pods)).rejects.toThrow("404 NotFound: <html>no such upstream</html>");
    });
    await withServer([json({ kind: "PodList" })], async ({ client }) => {
      await expect(client.list(pods)).rejects.toMatchObject({ status: 0, reason: "Malformed" });
    });
  });
});

describe("KubeClient: retries", () => {
  it.each([
    ["get", (client: KubeClient) => client.get(pods, ref), 2],
    ["list", (client: KubeClient) => client.list(pods), 2],
    ["apply", (client: KubeClient) => client.apply(pods, object), 2],
    ["delete with uid", (client: KubeClient) => client.delete(pods, ref, { uid: "u" }), 2],
    ["delete", (client: KubeClient) => client.delete(pods, ref), 1],
    ["create", (client: KubeClient) => client.create(pods, object), 1],
    ["replace", (client: KubeClient) => client.replace(pods, object), 1],
    ["mergePatch", (client: KubeClient) => client.mergePatch(pods, ref, {}), 1],
  ])("retries %s only if that is safe, after a broken connection or a 500", async (_verb, call, tries) => {
    const well = json({ metadata: { resourceVersion: "1" }, items: [] });
    for (const failure of [hangUp, refusal(500, "InternalError", "etcd leader changed")]) {
      await withServer([failure, well], async ({ client, server }) => {
        await call(client).catch(() => {});
        expect(server.requests).toHaveLength(tries);
      });
    }
  });

  it.each(["create", "replace", "apply"] as const)("retries %s after a 429, at the time that the server requests", async (verb) => {
    await withServer(
      [refusal(429, "TooManyRequests", "slow down", { "retry-after": "3" }), json(object)],
      async ({ client, clock, server }) => {
        await client[verb](pods, object);
        expect([server.requests.length, clock.waits]).toEqual([2, [3_250]]);
      },
    );
  });

  it("honours a Retry-After that is a date, or only in the body", async () => {
    const body = { kind: "Status", code: 429, reason: "TooManyRequests", details: { retryAfterSeconds: 2 } };
    const date = { "retry-after": new Date(Date.UTC(2026, 0, 1, 0, 0, 4)).toUTCString() };
    await withServer([json(body, 429), refusal(503, "", "", date), json(object)], async ({ client, clock }) => {
      await client.get(pods, ref);
      expect(clock.waits).toEqual([2_250, 4_250]);
    });
  });

  it("fails after four attempts, each wait within the growing bound", async () => {
    await withServer([refusal(503, "ServiceUnavailable", "no")], async ({ client, clock, server }) => {
      await expect(client.get(pods, ref)).rejects.toMatchObject({ status: 503 });
      expect([server.requests.length, clock.waits]).toEqual([4, [100, 200, 400]]);
    });
  });

  it("leaves a long Retry-After to the caller", async () => {
    await withServer([refusal(429, "TooManyRequests", "later", { "retry-after": "60" })], async ({ client, server }) => {
      await expect(client.get(pods, ref)).rejects.toMatchObject({ retryAfterMs: 60_000 });
      expect(server.requests).toHaveLength(1);
    });
  });

  it("stops after its signal", async () => {
    const stop = new AbortController();
    const answer: Answer = (response) => {
      stop.abort();
      response.destroy();
    };
    await withServer([answer], async ({ client, server }) => {
      await expect(client.get(pods, ref, { signal: stop.signal })).rejects.toMatchObject({ status: 0 });
      expect(server.requests).toHaveLength(1);
    });
  });
});

describe("KubeClient: time and credentials", () => {
  it("aborts a request after its timeout", async () => {
    const clock = new FakeClock();
    await using server = await StubApiServer.start(silence);
    const client = new KubeClient(server.config(), { userAgent: "test/1", clock, requestTimeoutMs });
    const created = client.create(pods, object);
    const failed = expect(created).rejects.toMatchObject({ status: 0, reason: "Timeout" });
    await server.arrived(1);
    await clock.advance(requestTimeoutMs);
    await failed;
    expect(clock.pending).toBe(0);
  });

  it("follows a rotated token file, and reads it at once after a 401", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "kube-client-"));
    const tokenFile = path.join(folder, "token");
    let revoked = "";
    const answer: Answer = (response, request) => {
      const refused = request.headers.authorization === revoked;
      (refused ? refusal(401, "Unauthorized", "Unauthorized") : json(object))(response, request);
    };
    await using server = await StubApiServer.start(answer);
    const clock = new FakeClock();
    const user = { authProvider: { name: "tokenFile", config: { tokenFile } } };
    const client = new KubeClient(server.config(user), { userAgent: "test/1", clock });
    const get = () => client.get(pods, ref);

    await writeFile(tokenFile, "one\n");
    await get();
    await writeFile(tokenFile, "two");
    await get();
    await clock.advance(60_000);
    await get();
    await writeFile(tokenFile, "three");
    revoked = "Bearer two";
    await get();
    revoked = "Bearer three";
    await expect(get()).rejects.toMatchObject({ status: 401 });
    await rm(folder, { recursive: true });
    await client.close();
    const used = server.requests.map(({ headers }) => headers.authorization?.slice("Bearer ".length));
    expect(used).toEqual(["one", "one", "two", "two", "three", "three", "three"]);
  });
});
