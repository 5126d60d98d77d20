import { afterAll, beforeAll, expect, it } from "vitest";
import { cloudServer } from "../support/gateway/cloud-server.ts";
import { gpuGroup, ROOM_TOKEN, type Scenario, SECRET_VALUE, Stage } from "../support/scenario/index.ts";

/** A full pool that overflows to a stand-in of the maker's cloud. Operator and gateway have the chart's permissions. */

const spec = {
  workers: [gpuGroup({ max: 1, sessionsPerWorker: 1 })],
  launch: { queue: { deadline: "1s" } },
  overflow: { maxSessions: 1, after: "0s" },
};

let stage: Stage;
let scenario: Scenario;
let cloud: Awaited<ReturnType<typeof cloudServer>>;

beforeAll(async () => {
  cloud = await cloudServer({ secret: SECRET_VALUE });
  stage = await Stage.open();
  scenario = await stage.scenario("overflow");
  await scenario.readyPool({ ...spec, overflow: { ...spec.overflow, url: cloud.url } });
  await scenario.sessions(1);
});

afterAll(async () => {
  await stage?.stop();
  await cloud?.[Symbol.asyncDispose]();
});

/** A prompt controls the stand-in worker's sessions. A launch with a prompt does not overflow to the cloud. */
const launch = () => scenario.launch({ fields: { prompt: undefined } });

it("reports the missing permission to read the Secret, in a condition before the first launch and in the client's error", async () => {
  await scenario.condition("OverflowReady", { status: "False", reason: "SecretUnreadable", message: /gateway[.]secretAccess/ });
  const { status, body } = await launch();
  expect([status, body.error?.code]).toEqual([503, "deadline_exceeded"]);
  expect(body.error?.message).toContain("overflow did not help: this gateway cannot read the Secret of apiSecretRef");
  expect(cloud.requests).toEqual([]);
});

it("launches in the cloud once the permission exists, and counts those sessions separately", async () => {
  await stage.product.upgrade("gateway.secretAccess.enabled=true,gateway.secretAccess.names={bithuman}");
  await scenario.until("a launch to overflow", async () => (await launch()).path === "overflow");
  expect(cloud.requests).toHaveLength(1);
  const [sent] = cloud.requests;
  expect(sent?.headers["api-secret"]).toBe(SECRET_VALUE);
  expect(JSON.parse(sent?.body ?? "")).toMatchObject({
    mode: "gpu",
    image: expect.stringContaining("http"),
    livekit_token: ROOM_TOKEN,
  });
  await scenario.until("the status to count the session", async () => (await scenario.status()).overflowSessions === 1);
  expect((await scenario.status()).sessions).toBe(1);
});

it("respects the cap and reports it", async () => {
  await scenario.condition("OverflowReady", { status: "False", reason: "CapReached", message: /raise overflow.maxSessions/ });
  const { status, body } = await launch();
  expect([status, body.error?.message]).toEqual([503, expect.stringContaining("share of overflow.maxSessions is used up")]);
  expect(cloud.requests).toHaveLength(1);
});

/** Launches until one reaches the cloud, whose circuit breaker stays open for seconds after an error. */
const launchInCloud = () => scenario.until("a launch to overflow", async () => (await launch()).path === "overflow");

it.each([
  ["no-worker", "Unavailable", /503.*gateways retry/],
  ["session-limit", "ConcurrencyLimit", /403.*upgrade the plan/],
  ["no-credits", "NoCredits", /402.*buy credits/],
] as const)("reports the error %s with its cure, keeps the pool's size, and recovers", async (behaviour, reason, message) => {
  const size = await scenario.replicas();
  await scenario.changePool({ ...spec, overflow: { ...spec.overflow, maxSessions: 10, url: cloud.url } });
  await launchInCloud();
  const { length: before } = cloud.requests;
  cloud.behaviour = behaviour;
  for (const { status, body } of [await launch(), await launch()]) {
    expect([status, body.error?.message]).toEqual([503, expect.stringContaining("overflow did not help: the maker's")]);
  }
  await scenario.condition("OverflowReady", { status: "False", reason, message });
  expect([cloud.requests.length, await scenario.replicas()]).toEqual([before + 1, size]);
  cloud.behaviour = "accept";
  await launchInCloud();
  await scenario.condition("OverflowReady", { status: "True", reason: "Available" });
});

it("exposes neither the secret nor the room's token", async () => {
  const objects = await scenario.kubectl(["get", "avatarpools,events", "-o", "yaml"]);
  for (const text of [await stage.logs(), objects])
    for (const value of [SECRET_VALUE, ROOM_TOKEN]) expect(text).not.toContain(value);
});
