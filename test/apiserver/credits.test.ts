import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/controlplane/index.ts";
import { cloudServer } from "../support/gateway/cloud-server.ts";
import { gpuGroup, type Scenario, SECRET_VALUE, Stage } from "../support/scenario/index.ts";

/** Credits of a known number of sessions, with two gateways and a stand-in of the maker's cloud. */

/** The operator writes credits once a minute. */
const WRITTEN_MS = 90_000;

let stage: Stage;
let scenario: Scenario;
let cloud: Awaited<ReturnType<typeof cloudServer>>;

beforeAll(async () => {
  cloud = await cloudServer({ secret: SECRET_VALUE });
  stage = await Stage.open({ gateways: 2 });
  await stage.product.upgrade("gateway.secretAccess.enabled=true,gateway.secretAccess.names={bithuman}");
  scenario = await stage.scenario("credits");
  await scenario.readyPool({
    workers: [gpuGroup({ max: 1, sessionsPerWorker: 2 })],
    launch: { queue: { deadline: "1s" } },
    overflow: { maxSessions: 8, after: "0s", sessionLength: "1m", url: cloud.url },
    credits: { selfHosted: { expression: 1.5 }, budget: { credits: 10, period: "month", stopOverflow: true } },
  });
});

afterAll(async () => {
  await stage?.stop();
  await cloud?.[Symbol.asyncDispose]();
});

/** A launch with a prompt does not overflow to the cloud. */
const launch = (gateway = stage.gateways[0]) => scenario.launch({ fields: { prompt: undefined } }, gateway);
const credits = async () => (await scenario.status()).credits;
const written = (selfHosted: number, cloudCredits: number) =>
  until(`${selfHosted} and ${cloudCredits} credits`, WRITTEN_MS, async () => {
    const found = await credits();
    return found?.selfHosted === selfHosted && found.cloud === cloudCredits;
  });

it("counts each session once, at its mode's rate, and nothing for idle workers", async () => {
  expect(await credits()).toEqual({ selfHosted: 0, cloud: 0, lastHour: 0, budgetUsed: 0 });
  const answers = [];
  for (const gateway of [...stage.gateways, ...stage.gateways]) answers.push(await launch(gateway));
  scenario.endSessions();
  expect(answers.map(({ status, path }) => [status, path === "overflow"])).toEqual([
    [200, false],
    [200, false],
    [200, true],
    [200, true],
  ]);
  expect(cloud.rooms).toHaveLength(2);
  await written(2 * 1.5, 2 * 4);
  expect(await credits()).toEqual({ selfHosted: 3, cloud: 8, lastHour: 11, budgetUsed: 11 });
}, 120_000);

it("reports the exceeded budget, and stops overflow but no launch to the pool's own workers", async () => {
  const message = await scenario.condition("CreditsWithinBudget", { status: "False", reason: "BudgetExceeded" });
  expect(message).toMatch(/^11 of 10 credits are used in \d{4}-\d\d \(UTC\).*do not overflow/);
  await scenario.event("BudgetExceeded", /^11 of 10 credits/);
  await scenario.condition("OverflowReady", { status: "False", reason: "BudgetExceeded" });
  const answers = [await launch(), await launch(), await launch()];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503]);
  expect(answers[2]?.body.error?.message).toContain("the pool has exceeded its credit budget");
  expect(cloud.rooms).toHaveLength(2);
  scenario.endSessions();
});

it("keeps the count when a gateway and then the operator is killed", async () => {
  await stage.gateways[1]?.process.stop("SIGKILL");
  await scenario.until("a free slot", async () => (await launch()).status === 200);
  scenario.endSessions();
  await stage.operator.process.stop("SIGKILL");
  await scenario.until("a free slot without an operator", async () => (await launch()).status === 200);
  await stage.restartOperator();
  await written(6 * 1.5, 8);
  const metrics = await (await fetch(`${stage.operator.url}/metrics`)).text();
  expect(metrics).toMatch(/^avatarpool_credits_budget_used_ratio\{namespace="credits",pool="pool"\} 1[.]7$/m);
}, 180_000);
