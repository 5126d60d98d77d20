import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import type { ConsoleError, ConsoleEvent, Viewer } from "../../operator/api/console.ts";
import { EventStream } from "../support/console/event-stream.ts";
import { until } from "../support/controlplane/index.ts";
import { type Scenario, Stage } from "../support/scenario/index.ts";

/** The console of two operators with the permissions of the chart, and viewers with the cluster's own roles and with small ones. */

const LIMIT_MS = 60_000;
/** A killed leader is replaced within seconds. */
const LEASE = { AVATARPOOL_LEASE_SECONDS: "5", AVATARPOOL_LEASE_RENEW_SECONDS: "4", AVATARPOOL_LEASE_RETRY_SECONDS: "1" };

let stage: Stage;
let leader: Stage["operator"];
let standby: Stage["operator"];
let support: Scenario;
const tokens = { viewer: "", editor: "", single: "", guest: "" };
const streams: EventStream[] = [];

beforeAll(async () => {
  stage = await Stage.open();
  await stage.operator.process.stop();
  await stage.restartOperator({ env: LEASE });
  leader = stage.operator;
  support = await stage.scenario("support");
  const sales = await stage.scenario("sales");
  await support.pool();
  await sales.pool();
  const { apiVersion, kind, spec } = JSON.parse(await sales.kubectl(["get", "avatarpool", "pool", "-o=json"]));
  await sales.kubectl(["create", "-f", "-"], stringify({ apiVersion, kind, metadata: { name: "other" }, spec }));

  for (const account of Object.keys(tokens)) await kubectl("create", "serviceaccount", account, "--namespace=default");
  const bind = (scenario: Scenario, role: string, account: string) =>
    scenario.kubectl(["create", "rolebinding", account, role, `--serviceaccount=default:${account}`]);
  await bind(support, "--clusterrole=view", "viewer");
  await bind(support, "--clusterrole=edit", "editor");
  await sales.kubectl(["create", "role", "single", "--verb=get", "--resource=avatarpools.avatarpool.dev", "--resource-name=other"]);
  await bind(sales, "--role=single", "single");
  for (const account of Object.keys(tokens) as (keyof typeof tokens)[])
    tokens[account] = await stage.plane.serviceAccountToken("default", account);
  standby = await stage.product.startOperator({ env: LEASE });
});

afterAll(async () => {
  for (const stream of streams) stream.close();
  await stage?.stop();
});

async function kubectl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await stage.plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
}

async function send(at: Stage["operator"], method: string, path: string, token?: string) {
  const response = await fetch(`${at.consoleUrl}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  const body = (await response.json()) as Partial<Viewer & ConsoleError>;
  return { status: response.status, message: body.message, body };
}

async function open(at: Stage["operator"], token: string, query = ""): Promise<EventStream> {
  const stream = await EventStream.open(`${at.consoleUrl}api/stream${query}`, token);
  streams.push(stream);
  return stream;
}

const poolsIn = (event: ConsoleEvent | undefined) =>
  event?.type === "fleet" ? event.rows.map(({ namespace, name }) => `${namespace}/${name}`).sort() : [];

/** The pools that a viewer sees. The roles of the cluster take a moment after their bindings. */
function seenBy(at: Stage["operator"], token: string): () => Promise<readonly string[]> {
  return async () => {
    const stream = await open(at, token);
    const pools = poolsIn(await stream.next());
    stream.close();
    return pools;
  };
}

it("shows viewers the pools that they may get: of a namespace, one by its name, or none", async () => {
  await expect.poll(seenBy(leader, tokens.viewer), { timeout: LIMIT_MS }).toEqual(["support/pool"]);
  await expect.poll(seenBy(leader, tokens.single), { timeout: LIMIT_MS }).toEqual(["sales/other"]);
  expect(await seenBy(leader, tokens.guest)()).toEqual([]);
  const history = (path: string) => send(leader, "GET", `api/pools/${path}/history`, tokens.single);
  expect(await history("sales/other")).toMatchObject({ status: 200 });
  for (const pool of ["pool", "none"])
    expect(await history(`sales/${pool}`)).toMatchObject({
      status: 403,
      message: `system:serviceaccount:default:single may not get avatarpools.avatarpool.dev "${pool}" in namespace "sales": bind a role with this permission`,
    });
});

it("requires a token of the cluster, for the API server, that is not revoked", async () => {
  const viewer = (token?: string) => send(leader, "GET", "api/viewer", token);
  expect(await viewer(tokens.guest)).toMatchObject({ status: 200, body: { user: "system:serviceaccount:default:guest" } });
  expect(await viewer()).toMatchObject({ status: 401 });
  expect(await viewer("invented")).toMatchObject({ status: 401 });
  expect(await viewer(await stage.plane.serviceAccountToken("default", "guest", "elsewhere"))).toMatchObject({ status: 401 });
  await kubectl("create", "serviceaccount", "former", "--namespace=default");
  const former = await stage.plane.serviceAccountToken("default", "former");
  await kubectl("delete", "serviceaccount", "former", "--namespace=default");
  await expect.poll(async () => (await viewer(former)).status, { timeout: LIMIT_MS }).toBe(401);
});

it("lets the role edit stop sessions, and names the permission that the role view lacks", async () => {
  const stop = (token: string) => send(leader, "DELETE", "api/pools/support/pool/sessions/none", token);
  await expect
    .poll(() => stop(tokens.editor), { timeout: LIMIT_MS, interval: 500 })
    .toMatchObject({ status: 404, message: expect.stringMatching(/room "none" has no session/) });
  expect(await stop(tokens.viewer)).toMatchObject({
    status: 403,
    message: expect.stringMatching(/viewer may not delete avatarpools\/sessions\.avatarpool\.dev "pool" in namespace "support"/),
  });
});

it("has a strict content security policy on every response", async () => {
  for (const operator of [leader, standby])
    for (const path of ["", "api/viewer"])
      expect((await fetch(`${operator.consoleUrl}${path}`)).headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; /,
      );
});

it("shows a change of a pool within its stream", async () => {
  const stream = await open(leader, tokens.viewer, "?pool=support/pool&pool=sales/pool");
  await stream.next();
  expect(await stream.next()).toMatchObject({ type: "pool", pool: "support/pool", summary: { may: { stopSessions: false } } });
  expect(await stream.next()).toMatchObject({ type: "gone", pool: "sales/pool", message: expect.stringMatching(/may not get/) });
  await support.kubectl(["patch", "avatarpool", "pool", "--type=merge", '--patch={"spec":{"scaling":{"paused":true}}}']);
  const paused = await stream.find((event) => event.type === "fleet" && event.rows.some(({ health }) => health === "paused"));
  expect(poolsIn(paused)).toEqual(["support/pool"]);
});

it("is served by a standby through the leader, and by the new leader after the leader was killed", async () => {
  const viewer = async () => (await send(standby, "GET", "api/viewer", tokens.viewer)).body.operator;
  await expect.poll(viewer, { timeout: LIMIT_MS }).toMatch(/^operator-/);
  const first = await viewer();
  expect(first).toBe((await send(leader, "GET", "api/viewer", tokens.viewer)).body.operator);
  const stream = await open(standby, tokens.viewer);
  expect(poolsIn(await stream.next())).toEqual(["support/pool"]);

  await leader.process.stop("SIGKILL");
  expect(await stream.find(() => false), "the end of the stream").toBeUndefined();
  const reconnected = async () => {
    const { status, message } = await send(standby, "GET", "api/viewer", tokens.viewer);
    if (status !== 200) expect([status, message]).toEqual([503, expect.stringMatching(/retry in a few seconds$/)]);
    return status === 200 ? viewer() : first;
  };
  await until("the standby to lead", LIMIT_MS, async () => (await reconnected()) !== first);
  expect(await seenBy(standby, tokens.viewer)()).toEqual(["support/pool"]);
});

it("logs no token", async () => {
  const logs = (await Promise.all([leader, standby].map(({ process }) => process.log()))).join("");
  expect(logs).toContain("console started");
  for (const token of Object.values(tokens)) expect(logs).not.toContain(token.split(".")[2]);
});
