import { setTimeout as sleep } from "node:timers/promises";
import { AccessToken } from "livekit-server-sdk";
import { cloudServer } from "../support/gateway/cloud-server.ts";
import { roomToken } from "../support/gateway/harness.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../support/livekit/server.ts";
import { gpuGroup, type Scenario, SECRET_VALUE, type Stage } from "../support/scenario/index.ts";

/** One pool for each alert on pools, and a healthy one. Together they export every series that the dashboards show. */

/** Each alert on a pool, and the namespace of the pool that provokes it. */
export const provokedBy = {
  AvatarPoolLaunchBudgetBurnsFast: "full",
  AvatarPoolLaunchBudgetBurnsSlowly: "full",
  AvatarPoolNoWarmSlot: "full",
  AvatarPoolAtMaximum: "full",
  AvatarPoolWorkersUnschedulable: "no-node",
  AvatarPoolRolloutBlocked: "rollout",
  AvatarPoolCredentialsInvalid: "no-secret",
  AvatarPoolAccountLimit: "account",
  AvatarPoolCreditBudget: "budget",
} as const;

export const HEALTHY = "healthy";

/** A histogram's series begins with its first observation, and a rate shows only those after the first scrape. */
const SCRAPED_MS = 2_500;

/** Does something twice, with a scrape in between. */
async function twice(act: (round: number) => Promise<unknown>): Promise<void> {
  await act(1);
  await sleep(SCRAPED_MS);
  await act(2);
}

/** Resolves once every cause exists. @param resources receives what must end with the test. */
export async function provokeAll(stage: Stage, resources: AsyncDisposableStack): Promise<void> {
  const cloud = resources.use(await cloudServer({ secret: SECRET_VALUE }));
  await Promise.all([
    full(stage, resources),
    noNode(stage),
    rollout(stage),
    noSecret(stage),
    account(stage),
    budget(stage, cloud.url),
    healthy(stage),
  ]);
}

/** A full pool. Launches without a slot continue until the end of the test. */
async function full(stage: Stage, resources: AsyncDisposableStack): Promise<void> {
  const scenario = await stage.scenario("full");
  const workers = [gpuGroup({ max: 1, sessionsPerWorker: 1, costPerHour: 2 })];
  await scenario.readyPool({ workers, launch: { queue: { deadline: "1s" } } });
  await scenario.sessions(1);
  const stop = new AbortController();
  const calls = (async () => {
    while (!stop.signal.aborted) {
      void scenario.launch().catch(() => {});
      await sleep(300);
    }
  })();
  resources.defer(() => {
    stop.abort();
    return calls;
  });
}

async function noNode(stage: Stage): Promise<void> {
  const scenario = await stage.scenario("no-node");
  await scenario.pool({ workers: [gpuGroup({ nodeSelector: { "gpu-type": "a100" } })] });
}

/** A pool that has grown because launches found no slot, and whose new workers cannot start. */
async function rollout(stage: Stage): Promise<void> {
  const scenario = await stage.scenario("rollout");
  await scenario.readyPool();
  await twice(async (round) => {
    await Promise.all(Array.from({ length: 3 }, () => scenario.launch()));
    await scenario.until("all sessions to be counted", async () => (await scenario.status()).sessions === 3 * round);
  });
  await scenario.changePool({ workers: [gpuGroup({ image: "registry.test/does-not-exist:1" })] });
}

async function noSecret(stage: Stage): Promise<void> {
  await (await stage.scenario("no-secret", { secret: false })).pool();
}

/** A pool at its limit of sessions. Launches have waited for its slot. */
async function account(stage: Stage): Promise<void> {
  const scenario = await stage.scenario("account");
  await scenario.readyPool({ limits: { maxSessions: 1 }, warm: { slots: "auto" } });
  await scenario.sessions(1);
  await twice(async () => {
    const waiting = scenario.launch();
    await scenario.until("a queued launch", async () => ((await scenario.status()).queued ?? 0) > 0);
    scenario.endSessions();
    await waiting;
  });
}

/** Two sessions, one of them in the maker's cloud, exceed the budget. */
async function budget(stage: Stage, cloudUrl: string): Promise<void> {
  const scenario = await stage.scenario("budget");
  await scenario.readyPool({
    workers: [gpuGroup({ max: 1, sessionsPerWorker: 1 })],
    launch: { queue: { deadline: "1s" } },
    overflow: { maxSessions: 8, after: "0s", url: cloudUrl },
    credits: { selfHosted: { expression: 1.5 }, budget: { credits: 1, period: "month" } },
  });
  await scenario.sessions(1);
  // A launch with a prompt does not overflow to the cloud.
  await scenario.until(
    "a launch to overflow",
    async () => (await scenario.launch({ fields: { prompt: undefined } })).path === "overflow",
  );
}

/** A pool that serves, and removes workers. LiveKit reports the video of its sessions. */
async function healthy(stage: Stage): Promise<void> {
  const scenario = await stage.scenario(HEALTHY);
  const literals = [`--from-literal=api-key=${LIVEKIT_KEY}`, `--from-literal=api-secret=${LIVEKIT_SECRET}`];
  await scenario.kubectl(["create", "secret", "generic", "livekit", ...literals]);
  const spec = (min: number) => ({
    workers: [gpuGroup({ min })],
    scaling: { scaleDownAfter: "0s" },
    livekit: { url: "ws://livekit.test", apiKeyRef: { name: "livekit" } },
  });
  await scenario.readyPool(spec(4));
  await scenario.condition("WarmCapacity", { status: "True" });
  await twice(async (round) => {
    await scenario.launch({ room: `call-${round}`, fields: { livekit_token: roomToken({ identity: "avatar" }) } });
    await reportVideo(scenario, stage, round);
    await scenario.changePool(spec(4 - round));
    await scenario.until("a worker to be removed", async () => (await scenario.podNames()).length === 4 - round);
  });
}

/** Sends the webhook that LiveKit sends when the avatar publishes its video, until the gateway has assigned it to the session. */
async function reportVideo(scenario: Scenario, stage: Stage, round: number): Promise<void> {
  const [gateway] = stage.gateways;
  const body = JSON.stringify({
    event: "track_published",
    room: { name: `call-${round}` },
    participant: { identity: "avatar" },
    track: { type: "VIDEO" },
  });
  const token = new AccessToken(LIVEKIT_KEY, LIVEKIT_SECRET, { ttl: "1m" });
  token.sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(body))).toString("base64");
  const headers = { "content-type": "application/webhook+json", authorization: await token.toJwt() };
  await scenario.until("the gateway to count the video", async () => {
    await fetch(`${gateway?.url}/${scenario.namespace}/pool/livekit-webhook`, { method: "POST", body, headers });
    const metrics = await (await fetch(`${gateway?.internalUrl}/metrics`)).text();
    return new RegExp(`^avatarpool_track_published_duration_seconds_count\\{.*\\} ${round}$`, "m").test(metrics);
  });
}
