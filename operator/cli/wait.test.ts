import { expect, it, onTestFinished } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { gpuOnly, poolObject } from "../../test/support/pools.ts";
import { json, refusal, StubApiServer } from "../../test/support/stub-api-server.ts";
import { KubeClient } from "../kube/client.ts";
import { type WaitGoal, waitFor } from "./wait.ts";

const condition = (type: string, status: "True" | "False", observedGeneration = 2) => ({
  ...{ type, status, reason: "Because", message: `${type} is ${status}`, observedGeneration },
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const pool = (...conditions: readonly object[]) => poolObject(gpuOnly, { generation: 2 }, { conditions });
const list = (...items: readonly object[]) => json({ metadata: { resourceVersion: "1" }, items });

async function start(goal: WaitGoal, ...answers: Parameters<typeof StubApiServer.start>) {
  const server = await StubApiServer.start(...answers);
  const clock = new FakeClock();
  const client = new KubeClient(server.config(), { userAgent: "test", clock });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await client.close();
  });
  const lines: string[] = [];
  const options = { namespace: "avatars", name: "support", goal, timeoutMs: 60_000 };
  const waiting = waitFor({ client, clock, random: () => 0 }, options, (line) => lines.push(line));
  return { server, clock, lines, waiting };
}

it("returns at once if the condition holds", async () => {
  const { waiting, lines } = await start("warm", list(pool(condition("Ready", "False"), condition("WarmCapacity", "True"))));
  await waiting;
  expect(lines).toEqual(["AvatarPool avatars/support is warm: WarmCapacity is True"]);
});

it("returns when the operator reports the condition for the present spec", async () => {
  const changed = `${JSON.stringify({ type: "MODIFIED", object: pool(condition("Ready", "True")) })}\n`;
  const { waiting, lines } = await start(
    "ready",
    list(pool(condition("Ready", "True", 1))),
    (response) => void response.write(changed),
  );
  await waiting;
  expect(lines).toEqual(["AvatarPool avatars/support is ready: Ready is True"]);
});

it("fails with code 3 after the timeout, and reports what is missing", async () => {
  const { server, clock, waiting } = await start("ready", list(pool(condition("Ready", "False"))), (response) =>
    response.flushHeaders(),
  );
  const failed = expect(waiting).rejects.toMatchObject({
    exitCode: 3,
    message: "AvatarPool avatars/support is not ready after 1m: Ready is False",
  });
  await server.arrived(2);
  await clock.advance(60_000);
  await failed;
});

it("fails at once if the pool is missing or may not be read", async () => {
  await expect((await start("ready", list())).waiting).rejects.toThrow(/there is no AvatarPool support/);
  await expect((await start("ready", refusal(403, "Forbidden", "no"))).waiting).rejects.toMatchObject({ status: 403 });
});
