import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuGroup, Stage } from "../support/scenario/index.ts";

/** Scale-up and scale-down with real launches. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

describe.concurrent("more launches than slots", () => {
  it("wait while the pool grows, and every client gets its session", async () => {
    const scenario = await stage.scenario("burst");
    await scenario.readyPool();
    await scenario.condition("WarmCapacity", { status: "True" });
    const launches = Array.from({ length: 7 }, (_, index) => scenario.launch({ room: `room-${index}` }));
    await scenario.until("launches to show as queued in the status", async () => ((await scenario.status()).queued ?? 0) > 0);
    const answers = await Promise.all(launches);
    expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(answers.filter(({ path }) => path === "queued").length).toBeGreaterThanOrEqual(5);
    expect(new Set(answers.map(({ body }) => body.task_id)).size).toBe(7);
    expect(scenario.activeSessions()).toBe(7);
    await scenario.until("the status to count seven sessions", async () => {
      const { sessions, queued = 0, pressurePerMinute = 0, startup } = await scenario.status();
      return sessions === 7 && queued === 0 && pressurePerMinute >= 5 && startup !== undefined;
    });
    expect(await scenario.replicas()).toBe(4);
    await scenario.event(
      "Scaled",
      /gpu \d -> \d(: | in .* latest: )\d sessions \+ \d queued \+ \d warm = \d slots \/ 2 per worker = \d/,
    );
    expect((await scenario.status()).lastDecision).toMatchObject({ group: "gpu", to: 4 });
  });

  it("beyond the maximum are rejected at their deadline with Retry-After, and the pool reports the field to raise", async () => {
    const scenario = await stage.scenario("maximum");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1, max: 1 })], launch: { queue: { deadline: "3s" } } });
    await scenario.sessions(2);
    const launch = scenario.launch({ room: "too-many" });
    await scenario.condition("AtMaximum", {
      status: "True",
      message: /for maya.*, and gpu cannot grow: raise max, or expect launches to wait/,
    });
    const { status, headers, body } = await launch;
    expect([status, body.error?.code]).toEqual([503, "deadline_exceeded"]);
    expect(body.error?.message).toMatch(/no slot became free within 3s .*: every ready worker for this avatar was full/);
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await scenario.replicas()).toBe(1);
    scenario.endSessions();
    expect((await scenario.launch({ room: "again" })).status).toBe(200);
  });

  it("beyond the queue's length are rejected at once", async () => {
    const scenario = await stage.scenario("queue-full");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1, max: 1 })], launch: { queue: { length: 1, deadline: "20s" } } });
    await scenario.sessions(2);
    const waiting = scenario.launch({ room: "waits" });
    await scenario.until("the launch to be queued", async () => (await scenario.status()).queued === 1);
    const { status, headers, body } = await scenario.launch({ room: "too-many" });
    expect([status, body.error?.code, headers.has("retry-after")]).toEqual([503, "queue_full", true]);
    scenario.endSessions();
    expect(await waiting).toMatchObject({ status: 200, path: "queued" });
  });

  it("scale a group up from zero", async () => {
    const scenario = await stage.scenario("from-nothing");
    await scenario.readyPool({ warm: { slots: 0 } });
    await scenario.until("a Deployment of size 0", async () => (await scenario.replicas()) === 0);
    expect(await scenario.launch()).toMatchObject({ status: 200, path: "queued" });
    expect(await scenario.podNames()).toHaveLength(1);
  });
});

describe.concurrent("a preset that two groups serve", () => {
  const second = gpuGroup({ name: "spot" });

  it("is served by the group of higher priority, and by the other group if the first cannot grow", async () => {
    const scenario = await stage.scenario("priority");
    await scenario.readyPool({ workers: [second, gpuGroup({ priority: 1, min: 1, max: 1 })], warm: { slots: 0 } });
    // Without warm slots wanted, the pool is Ready before its first worker exists.
    await scenario.until("the status to count two warm slots", async () => (await scenario.status()).warmSlots === 2);
    expect(await scenario.podNames()).toHaveLength(1);
    await scenario.sessions(2);
    expect(await scenario.replicas("spot")).toBe(0);
    expect(await scenario.launch({ room: "spills" })).toMatchObject({ status: 200, path: "queued" });
    expect([await scenario.replicas("gpu"), await scenario.replicas("spot")]).toEqual([1, 1]);
  });

  it("is served by the other group if the scheduler finds no node, and surplus pending workers are removed", async () => {
    const scenario = await stage.scenario("no-nodes");
    const nowhere = gpuGroup({ nodeSelector: { "gpu-type": "none" }, max: 8 });
    await scenario.pool({ workers: [nowhere, { ...second, max: 8 }], warm: { slots: 12 } });
    await scenario.until("the operator to scale the first group to 6", async () => (await scenario.replicas("gpu")) === 6);
    // The operator waits a minute for the scheduler and the autoscaler.
    const askedMs = Date.now();
    await scenario.until("50 s to pass", () => Date.now() - askedMs > 50_000);
    await scenario.until("the operator to scale the second group to 6", async () => (await scenario.replicas("spot")) === 6);
    await scenario.until("the operator to reduce the first group to 4", async () => (await scenario.replicas("gpu")) === 4);
    await scenario.event("Scaled", /gpu \d -> 4(: | in .* latest: ).*limited to 4 by the available nodes; removed idle workers /);
    await scenario.condition("Ready", { status: "True" });
    expect((await scenario.launch()).status).toBe(200);
  });
});

describe.concurrent("fewer sessions than slots", () => {
  const quick = { warm: { slots: 0 }, scaling: { scaleDownAfter: "1s" } };

  it("remove workers that are idle and cordoned at every gateway", async () => {
    const scenario = await stage.scenario("quiet");
    await scenario.readyPool({ ...quick, warm: { slots: 1 } });
    await scenario.sessions(5);
    scenario.endSessions();
    await scenario.until("one worker to remain", async () => (await scenario.podNames()).length === 1);
    await scenario.event("Draining", /no new launches, and removal once their sessions have ended/);
    await scenario.event("Scaled", /gpu \d -> \d(: | in .* latest: ).*removed idle workers /);
    expect(await scenario.cordonedPods()).toEqual([]);
    expect(scenario.kills()).toEqual([]);
    expect((await scenario.launch()).path).toBe("warm");
  });

  it("keep a cordoned worker until its last session has ended", async () => {
    const scenario = await stage.scenario("last-session");
    await scenario.readyPool(quick);
    const [first, second] = [...new Set(await scenario.sessions(4))].sort();
    // A launch that waited may have caused one worker more than the sessions need.
    await scenario.until("no more workers than these sessions need", async () => (await scenario.podNames()).length === 2);
    for (const pod of [first, second]) scenario.endSessions(pod, 1);
    await scenario.until("one cordoned worker", async () => (await scenario.cordonedPods()).length === 1);
    const [victim] = await scenario.cordonedPods();
    // A change that is reverted before its report causes no event.
    await scenario.event("Draining", new RegExp(`${victim}`));
    const other = victim === first ? second : first;
    await scenario.until("the operator to count two sessions", async () => (await scenario.status()).sessions === 2);
    expect(await scenario.launch({ room: "new" })).toMatchObject({ status: 200, worker: other });
    // Three sessions require both workers again.
    await scenario.until("the cordon to be removed", async () => (await scenario.cordonedPods()).length === 0);
    await scenario.event("Uncordoned");
    scenario.endSessions(other, 1);
    await scenario.until("another cordoned worker", async () => (await scenario.cordonedPods()).length === 1);
    const [last] = await scenario.cordonedPods();
    const stays = last === first ? second : first;
    scenario.endSessions(last);
    await scenario.until("the cordoned worker to be removed", async () => !(await scenario.podNames()).includes(last!));
    expect(await scenario.podNames()).toEqual([stays]);
    expect(scenario.activeSessions()).toBe(1);
    expect(scenario.kills()).toEqual([]);
  });
});
