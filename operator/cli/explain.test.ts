import { describe, expect, it, onTestFinished } from "vitest";
import { NOW_MS, poolObject } from "../../test/support/pools.ts";
import { json, refusal, StubApiServer } from "../../test/support/stub-api-server.ts";
import type { Decision, Decisions } from "../api/debug.ts";
import { KubeClient } from "../kube/client.ts";
import { type AskOperator, askByUrl, askThroughApiServer, OperatorError } from "./ask-operator.ts";
import { explain, limitOf } from "./explain.ts";

const decision = (change: Partial<Decision> = {}): Decision => ({
  time: "2026-01-01T12:00:00.123Z",
  group: "gpu",
  from: 1,
  to: 2,
  outcome: "grew",
  reason: "5 sessions + 2 warm = 7 slots / 4 per worker = 2",
  arithmetic: "5 sessions + 2 warm = 7 slots / 4 per worker = 2",
  inputs: { sessions: 5, queued: 0, buffer: 2, slotsPerWorker: 4, holdMs: 300_000 },
  ...change,
});

const told: Decisions = {
  operator: "operator-1",
  since: "2026-01-01T10:00:00.000Z",
  pool: "avatars/support",
  latest: [decision({ from: 2, outcome: "unchanged", reason: "unchanged: paused, within min 0 and max 10" })],
  changes: [decision(), decision({ from: 0, to: 1, inputs: undefined })],
};

const lastDecision = { time: new Date(NOW_MS).toISOString(), group: "gpu", from: 1, to: 2, reason: "a sentence" };

async function run(ask: AskOperator, more: { readonly found?: object; readonly limit?: number; readonly json?: boolean } = {}) {
  const printed: string[] = [];
  const hints: string[] = [];
  const client = { get: async () => more.found as never };
  const options = {
    namespace: "avatars",
    name: "support",
    limit: more.limit ?? 10,
    output: more.json ? ("json" as const) : ("table" as const),
  };
  await explain(
    { client, ask },
    options,
    (line) => printed.push(line),
    (line) => hints.push(line),
  );
  return { printed, hints };
}

describe("explain", () => {
  it("prints each decision with its sentence, its arithmetic if that differs, and its inputs", async () => {
    const { printed, hints } = await run(async () => told);
    expect(printed.join("\n")).toBe(`AvatarPool avatars/support: decisions of operator-1, leader since 2026-01-01T10:00:00Z

Now
  2026-01-01T12:00:00Z  gpu stays at 2
    unchanged: paused, within min 0 and max 10
    wanted: 5 sessions + 2 warm = 7 slots / 4 per worker = 2
    from: sessions 5, buffer 2, slots per worker 4, hold 5m

Changes, newest first
  2026-01-01T12:00:00Z  gpu 1 -> 2
    5 sessions + 2 warm = 7 slots / 4 per worker = 2
    from: sessions 5, buffer 2, slots per worker 4, hold 5m
  2026-01-01T12:00:00Z  gpu 0 -> 1
    5 sessions + 2 warm = 7 slots / 4 per worker = 2`);
    expect(hints).toEqual([]);
  });

  it("prints at most the requested number of changes, and JSON on request", async () => {
    const { printed } = await run(async () => told, { limit: 1, json: true });
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0]!).changes).toHaveLength(1);
    expect(() => limitOf("many")).toThrow(/--limit many: expected a whole number/);
  });

  it("reports that the operator has made no decision yet", async () => {
    const { printed } = await run(async () => ({ ...told, latest: [], changes: [] }));
    expect(printed.slice(2)).toEqual(["No decision on any group yet.", "", "No change of size since 2026-01-01T10:00:00Z."]);
  });

  it("falls back to the pool's status if the operator is not reachable, and reports the reason", async () => {
    const silent: AskOperator = () => Promise.reject(new OperatorError("it sleeps"));
    const { printed, hints } = await run(silent, { found: poolObject({}, {}, { lastDecision }) });
    expect(hints).toEqual(["Only the last decision is available, from the pool's status: it sleeps"]);
    expect(printed.slice(1)).toEqual([`  ${lastDecision.time}  gpu 1 -> 2`, "    a sentence"]);
    expect((await run(silent, { found: poolObject() })).printed).toEqual(["AvatarPool avatars/support: no decision yet"]);
    await expect(run(silent)).rejects.toThrow(
      /there is no AvatarPool support in namespace avatars: list all pools with kubectl get avp -A/,
    );
    expect((await run(async () => ({ strange: true }), { found: poolObject() })).hints[0]).toMatch(/has an unknown format/);
  });
});

async function server(...answers: Parameters<typeof StubApiServer.start>) {
  const stub = await StubApiServer.start(...answers);
  onTestFinished(() => stub[Symbol.asyncDispose]());
  const client = new KubeClient(stub.config(), { userAgent: "test" });
  onTestFinished(() => client.close());
  return { stub, client };
}

const denied = (resource: string, group: string) =>
  `x is forbidden: User "jane" cannot get resource "${resource}" in API group "${group}" in the namespace "system"`;

describe("requests to the operator", () => {
  const lease = json({ metadata: { name: "avatarpool-operator" }, spec: { holderIdentity: "operator-1" } });

  it("reach the pod that holds the Lease through the API server", async () => {
    const { stub, client } = await server(lease, json(told));
    await expect(
      askThroughApiServer(client, { namespace: "system", name: "avatarpool-operator" })("/debug/decisions", { pool: "a/b" }),
    ).resolves.toEqual(told);
    expect(stub.requests.map(({ url }) => url)).toEqual([
      "/apis/coordination.k8s.io/v1/namespaces/system/leases/avatarpool-operator",
      "/api/v1/namespaces/system/pods/operator-1%3A8081/proxy/debug/decisions?pool=a%2Fb",
    ]);
  });

  it.each([
    [
      "permission to use the proxy",
      [lease, refusal(403, "Forbidden", denied("pods/proxy", ""))],
      /not allowed to get pods\/proxy in namespace system: .*port-forward pod\/operator-1 8081 and add --url/,
    ],
    [
      "permission to read the Lease",
      [refusal(403, "Forbidden", denied("leases", "coordination.k8s.io"))],
      /not allowed to get leases.coordination.k8s.io in namespace system: .*kubectl -n system port-forward/,
    ],
    [
      "a Lease",
      [refusal(404, "NotFound", "no")],
      /no Lease system\/avatarpool-operator: set --operator-namespace to AvatarPool's namespace/,
    ],
    ["a leader", [json({ spec: { holderIdentity: "" } })], /no operator is the leader now/],
    [
      "a route to the pod",
      [lease, refusal(503, "ServiceUnavailable", "dial timeout")],
      /no response from the leading operator operator-1 .*dial timeout.*: run kubectl/,
    ],
  ])("fail without %s, with an error that names the remedy", async (_what, answers, message) => {
    const { client } = await server(...answers);
    const asked = askThroughApiServer(client, { namespace: "system", name: "avatarpool-operator" })("/debug/decisions", {});
    await expect(asked).rejects.toThrow(OperatorError);
    await expect(asked).rejects.toThrow(message);
  });

  it("use a URL on request, and pass on the operator's message", async () => {
    const { stub } = await server(
      json(told),
      json({ message: "operator-1 is not the leader; send the request to operator-0" }, 503),
      json("?", 500),
    );
    const ask = askByUrl(`${stub.url}/`);
    await expect(ask("/debug/decisions", { pool: "a/b" })).resolves.toEqual(told);
    await expect(ask("/debug/decisions", {})).rejects.toThrow(
      /responded 503: operator-1 is not the leader; send the request to operator-0/,
    );
    await expect(ask("/debug/decisions", {})).rejects.toThrow(/responded 500: the response has an unknown format/);
    await expect(askByUrl("http://127.0.0.1:1")("/debug/decisions", {})).rejects.toThrow(
      /no response from http:\/\/127.0.0.1:1\/debug\/decisions/,
    );
  });
});
