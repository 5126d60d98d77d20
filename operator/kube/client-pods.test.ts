import { expect, it, onTestFinished } from "vitest";
import { type Answer, json, refusal, StubApiServer } from "../../test/support/stub-api-server.ts";
import { KubeClient } from "./client.ts";

const pod = { namespace: "ns", name: "gateway-1" };

async function setup(...answers: Answer[]) {
  const server = await StubApiServer.start(...answers);
  const client = new KubeClient(server.config(), { userAgent: "test/1" });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await client.close();
  });
  return { server, client };
}

it("sends a request to a pod, and returns the pod's error as it is", async () => {
  const { server, client } = await setup(json({ error: { code: "unauthorized" } }, 401, { "x-avatarpool-path": "warm" }));
  const request = { method: "POST", path: "/a/p/launch?async=false", body: "a=b", headers: { "api-secret": "t" } } as const;
  const response = await client.sendToPod(pod, { port: 8_080, scheme: "https" }, request);
  expect(response).toMatchObject({
    status: 401,
    headers: { "x-avatarpool-path": "warm" },
    body: '{"error":{"code":"unauthorized"}}',
  });
  expect(server.requests).toMatchObject([
    {
      method: "POST",
      url: "/api/v1/namespaces/ns/pods/https%3Agateway-1%3A8080/proxy/a/p/launch?async=false",
      headers: { "api-secret": "t", authorization: "Bearer secret-token" },
      body: "a=b",
    },
  ]);
});

it("throws if the API server does not forward the request, and reads the credentials again after its 401", async () => {
  const forbidden = refusal(403, "Forbidden", 'pods "gateway-1:8080" is forbidden');
  const { server, client } = await setup(refusal(401, "Unauthorized", "expired"), forbidden);
  const sent = client.sendToPod(pod, { port: 8_080 }, { method: "DELETE", path: "/x" });
  await expect(sent).rejects.toMatchObject({ name: "KubeError", status: 403 });
  expect(server.requests).toHaveLength(2);
});

it("reads a container's log line by line", async () => {
  const log: Answer = (response) => response.writeHead(200, { "content-type": "text/plain" }).end("one\ntwo\n");
  const { server, client } = await setup(log);
  const lines: string[] = [];
  for await (const line of client.podLog(pod, { container: "worker", tailLines: 2, timestamps: true })) lines.push(line);
  expect(lines).toEqual(["one", "two"]);
  expect(server.requests[0]?.url).toBe("/api/v1/namespaces/ns/pods/gateway-1/log?container=worker&tailLines=2&timestamps=true");
});

it("requests a token of a ServiceAccount, and returns its own", async () => {
  const { server, client } = await setup(json({ status: { token: "short-lived" } }));
  expect(await client.requestToken({ namespace: "ns", name: "viewer" }, 600)).toBe("short-lived");
  expect(server.requests[0]?.url).toBe("/api/v1/namespaces/ns/serviceaccounts/viewer/token");
  expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({ spec: { expirationSeconds: 600 } });
  expect(await client.bearerToken()).toBe("secret-token");
});
