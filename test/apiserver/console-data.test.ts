import { afterAll, beforeAll, expect, it } from "vitest";
import type {
  ConsoleEvent,
  DecisionDetail,
  History,
  ReplayInputs,
  SessionsPage,
  TestLaunchResult,
} from "../../operator/api/console.ts";
import { decisionsSchema } from "../../operator/api/debug.ts";
import { parsePool } from "../../operator/api/pool-file.ts";
import { EventStream } from "../support/console/event-stream.ts";
import { until } from "../support/controlplane/index.ts";
import { gpuGroup, ROOM_TOKEN, type Scenario, SECRET_VALUE, Stage } from "../support/scenario/index.ts";

/** What the console shows of a pool with real gateways and stand-in workers, to a viewer who may do everything. */

const LIMIT_MS = 60_000;
const POOL = "shown/pool";

let stage: Stage;
let shown: Scenario;
let token: string;

beforeAll(async () => {
  stage = await Stage.open();
  shown = await stage.scenario("shown");
  await shown.readyPool({ workers: [gpuGroup({ min: 1, costPerHour: 2 })] });
  await shown.kubectl(["create", "rolebinding", "viewer", "--clusterrole=admin", "--serviceaccount=default:viewer"]);
  const { code, stderr } = await stage.plane.kubectl(["create", "serviceaccount", "viewer", "--namespace=default"]);
  if (code !== 0) throw new Error(stderr);
  token = await stage.plane.serviceAccountToken("default", "viewer");
  const allowed = async () => (await send("DELETE", "sessions/none")).status !== 403 && (await get("history")).status === 200;
  await until("the viewer's role to take effect", LIMIT_MS, allowed);
});

afterAll(async () => {
  await stage?.stop();
});

async function send<T>(method: string, path: string, content?: object): Promise<{ readonly status: number; readonly body: T }> {
  const response = await fetch(`${stage.operator.consoleUrl}api/pools/${POOL}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(content && { "content-type": "application/json" }) },
    ...(content && { body: JSON.stringify(content) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}
const get = <T>(path: string) => send<T>("GET", path);

const workersOf = (event: ConsoleEvent | undefined) => (event?.type === "pool" ? event.workers : []);

it("launches a session, shows it with its stages and on the tile of its worker, and ends it", async () => {
  const stream = await EventStream.open(`${stage.operator.consoleUrl}api/stream?pool=${POOL}`, token);
  const launch = { livekitUrl: "wss://livekit.example.com", livekitToken: ROOM_TOKEN, room: "room/1" };
  const { status, body } = await send<TestLaunchResult>("POST", "launch", launch);
  expect([status, body]).toMatchObject([200, { status: 200, room: "room/1", path: "warm" }]);
  expect(body.stages.map(({ name }) => name)).toEqual(["queue", "pick", "forward", "worker"]);
  expect(shown.activeSessions()).toBe(1);

  const [worker] = await shown.podNames();
  const tile = await stream.find((event) => workersOf(event).some(({ sessions }) => sessions === 1));
  expect(workersOf(tile)).toMatchObject([{ pod: worker, group: "gpu", state: "warm", why: "warm; 1 of 2 slots is free" }]);
  const row = await stream.find((event) => event.type === "fleet" && event.rows.some(({ sessions }) => sessions === 1));
  expect(row).toMatchObject({ rows: [{ namespace: "shown", health: "ok", costPerHour: 2, errorBudget: 1, stale: false }] });
  stream.close();

  const page = async () => (await get<SessionsPage>("sessions")).body;
  await expect.poll(async () => (await page()).sessions[0]?.state, { timeout: LIMIT_MS }).toBe("running");
  const stages = [{ name: "queue" }, { name: "pick" }, { name: "forward" }, { name: "worker" }];
  expect(await page()).toMatchObject({ complete: true, sessions: [{ room: "room/1", worker, preset: "maya", stages }] });

  expect((await send("DELETE", `sessions/${encodeURIComponent("room/1")}`)).status).toBe(200);
  expect(shown.activeSessions()).toBe(0);
  expect((await page()).sessions).toEqual([]);
});

it("returns the gateway's error of a launch that it rejects", async () => {
  const launch = { preset: "nobody", livekitUrl: "wss://livekit.example.com", livekitToken: ROOM_TOKEN, room: "r" };
  const { body } = await send<TestLaunchResult>("POST", "launch", launch);
  expect(body).toMatchObject({ status: 404, message: expect.stringMatching(/matches no preset of this pool: send one of/) });
});

it("has the launches of the last minutes, and each change of size as explain shows it", async () => {
  await shown.until("the status without the ended session", async () => (await shown.status()).sessions === 0);
  await shown.sessions(2);
  const history = async () => (await get<History>(`history?from=${Date.now() - 600_000}&to=${Date.now()}`)).body;
  const launches = async () => (await history()).samples.reduce((sum, sample) => sum + sample.launches, 0);
  await expect.poll(launches, { timeout: LIMIT_MS, interval: 500 }).toBeGreaterThanOrEqual(3);
  const { samples, decisions } = await history();
  expect(Math.max(...samples.map(({ sessions }) => sessions))).toBe(2);

  const page = await fetch(`${stage.operator.url}/debug/decisions?pool=${POOL}`);
  const explained = decisionsSchema.parse(await page.json()).changes.toReversed();
  expect(decisions.map(({ from, to, reason, arithmetic }) => ({ from, to, reason, arithmetic }))).toEqual(
    explained.map(({ from, to, reason, arithmetic }) => ({ from, to, reason, arithmetic })),
  );
  const { body: detail } = await get<DecisionDetail>(`decisions/${decisions.at(-1)?.id}`);
  expect(detail.inputs).toEqual(explained.at(-1)?.inputs);
  expect(detail.what).toMatchObject({ fewer: { arithmetic: expect.any(String) }, more: { arithmetic: expect.any(String) } });
});

it("has the pool as a file that the simulator reads, and its launches", async () => {
  const { body } = await get<ReplayInputs>("replay");
  expect(parsePool("pool.yaml", body.pool)).toMatchObject({ name: "pool", groups: [{ name: "gpu", min: 1, costPerHour: 2 }] });
  expect(body.launches.length).toBeGreaterThanOrEqual(3);
  expect(body.about).toMatch(/^\d+ launches, spread evenly/);
});

it("logs no token of a room and no secret", async () => {
  const logs = await stage.logs();
  expect(logs).toContain('"client":"console"');
  for (const secret of [ROOM_TOKEN, SECRET_VALUE]) expect(logs).not.toContain(secret);
});
