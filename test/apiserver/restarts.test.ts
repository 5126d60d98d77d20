import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage } from "../support/scenario/index.ts";

/** Without the operator or the API server, launches continue. The operator resumes its work afterwards. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

it("the next operator finishes the scale-down of a killed operator, and no session is ended", async () => {
  const scenario = await stage.scenario("killed");
  await scenario.readyPool({ warm: { slots: 0 }, scaling: { scaleDownAfter: "1s" } });
  await scenario.sessions(6);
  for (const pod of await scenario.podNames()) scenario.endSessions(pod, 1);
  await scenario.until("a cordon on a worker that has a session", async () => (await scenario.cordonedPods()).length === 1);
  const [victim] = await scenario.cordonedPods();
  expect(scenario.workers().find(({ pod }) => pod.name === victim)?.activeSessions).toBe(1);
  await stage.operator.process.stop("SIGKILL");

  const launch = await scenario.launch({ room: "without-an-operator" });
  expect([launch.status, launch.worker === victim]).toEqual([200, false]);
  scenario.endSessions(launch.worker, 1);
  scenario.endSessions(victim);
  expect(await scenario.cordonedPods()).toEqual([victim]);

  await stage.restartOperator();
  await scenario.until("one worker to be removed", async () => (await scenario.podNames()).length === 2);
  expect(await scenario.podNames()).not.toContain(victim);
  expect(scenario.activeSessions()).toBe(2);
  await scenario.condition("Ready", { status: "True" });
  expect(scenario.kills()).toEqual([]);
});

it("launches continue while the API server is unavailable, and the operator catches up afterwards", async () => {
  const scenario = await stage.scenario("api-server");
  await scenario.readyPool({ warm: { slots: 2 } });
  await scenario.condition("WarmCapacity", { status: "True" });
  await stage.plane.stopApiServer();
  expect(await scenario.launch({ room: "served" })).toMatchObject({ status: 200, path: "warm" });
  expect(await scenario.launch({ room: "served-too" })).toMatchObject({ status: 200, path: "warm" });
  const waits = scenario.launch({ room: "waits" });
  await stage.plane.startApiServer();
  // The test acts as the kubelet: an operator that cannot renew its lease for 10 s exits.
  if (!stage.operator.process.running) await stage.restartOperator();
  expect(await waits).toMatchObject({ status: 200, path: "queued" });
  await scenario.until("the status to count three sessions and the size to match", async () => {
    return (await scenario.status()).sessions === 3 && (await scenario.replicas()) === 3;
  });
  expect(scenario.kills()).toEqual([]);
});

it("an operator that receives SIGTERM releases its lease, and the waiting launches are served under the next operator", async () => {
  const scenario = await stage.scenario("handover");
  await scenario.readyPool();
  await scenario.sessions(1);
  await stage.operator.process.stop("SIGTERM");
  expect(stage.operator.process.exitCode).toBe(0);
  const lease = ["get", "lease", "avatarpool-operator", "--namespace=avatarpool", "-o", "jsonpath={.spec.holderIdentity}"];
  expect(await stage.plane.kubectl(lease)).toMatchObject({ code: 0, stdout: "" });

  expect(await scenario.launch({ room: "fits" })).toMatchObject({ status: 200 });
  const waits = ["a", "b"].map((room) => scenario.launch({ room }));
  await stage.restartOperator();
  expect((await Promise.all(waits)).map(({ status, path }) => [status, path])).toEqual(Array(2).fill([200, "queued"]));
  expect(scenario.kills()).toEqual([]);
});

it("only the leading operator exports a pool's series; the standby takes over, and they end with the pool", async () => {
  const scenario = await stage.scenario("metrics");
  await scenario.readyPool();
  await scenario.sessions(1);
  const seriesAt = async (url: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.split("\n").filter((line) => line.includes('namespace="metrics",pool="pool"'));
  };
  const session = 'avatarpool_sessions{namespace="metrics",pool="pool",preset="maya"} 1';
  const [gateway] = stage.gateways;
  const leader = stage.operator;
  const standby = await stage.product.startOperator();
  await scenario.until("the session", async () => (await seriesAt(leader.url)).includes(session));
  expect(await seriesAt(leader.url)).toContain('avatarpool_warm_slots{namespace="metrics",pool="pool",preset="maya"} 1');
  const startStages = async () =>
    (await seriesAt(leader.url)).flatMap(
      (line) => /^avatarpool_cold_start_\w+_count\{.*stage="(\w+)"\} [1-9]/.exec(line)?.[1] ?? [],
    );
  // The events of image pulls are read after the start.
  await scenario.until("the pull", async () => (await startStages()).includes("create"));
  expect((await startStages()).sort()).toEqual(["create", "load", "pull", "schedule", "warm"]);
  expect(await seriesAt(standby.url)).toEqual([]);
  const ofGateway = await seriesAt(gateway!.internalUrl);
  expect(ofGateway).toContain('avatarpool_worker_503_total{namespace="metrics",pool="pool",reason="at_capacity"} 0');
  expect(ofGateway.filter((line) => /^avatarpool_(slots|sessions|warm_slots)\{/.test(line))).toEqual([]);

  await leader.process.stop("SIGTERM");
  await scenario.until("the standby to lead", async () => (await seriesAt(standby.url)).includes(session));
  scenario.endSessions();
  await scenario.deletePool();
  for (const url of [standby.url, gateway!.internalUrl])
    await scenario.until(`no series at ${url}`, async () => (await seriesAt(url)).length === 0);
});
