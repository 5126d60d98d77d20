import { describe, expect, it } from "vitest";
import { FakeWorkers } from "../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../test/support/gateway/harness.ts";
import { testRecord } from "../../test/support/gateway/pool.ts";
import type { WorkerClient } from "../workers/client.ts";
import { StartupReadiness } from "./startup-readiness.ts";

/** A gateway that starts beside workers. They respond to probes once `answers` resolves. */
function setup() {
  const workers = new FakeWorkers();
  const answers = Promise.withResolvers<void>();
  const network: WorkerClient = {
    get: async (origin, path, signal) => {
      const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      await Promise.race([answers.promise, aborted]);
      return await workers.get(origin, path);
    },
    post: (origin, path, body) => workers.post(origin, path, body),
  };
  const { clock, core, launch } = gatewayHarness(undefined, { workers, network });
  const lists = { synced: false };
  const look = new StartupReadiness({ clock, synced: () => lists.synced, unprobed: () => core.unprobed });
  const list = (count: number) => {
    for (let at = 0; at < count; at += 1) {
      workers.add(`w${at}`);
      core.workerChanged(testRecord(`w${at}`), undefined);
    }
    lists.synced = true;
  };
  return { clock, core, launch, look, list, answers };
}

describe("a gateway that has just started", () => {
  it("waits for its lists, and then for one probe of each worker", async () => {
    const { clock, launch, look, list, answers } = setup();
    expect(look.notReadyReason()).toBe("waiting for the initial lists of pools and workers");
    list(3);
    expect(look.notReadyReason()).toBe("waiting for the first probe of 3 workers");
    answers.resolve();
    await clock.advance(0);
    expect(look.notReadyReason()).toBeUndefined();
    expect(await launch()).toMatchObject({ status: 200, trace: { path: "warm" } });
  });

  it("counts a worker that does not respond as probed", async () => {
    const { clock, look, list } = setup();
    list(3);
    expect(look.notReadyReason()).toBeDefined();
    await clock.advance(1_000);
    expect(look.notReadyReason()).toBeUndefined();
  });

  it("waits at most ten seconds, for any number of workers", async () => {
    const { clock, core, look, list, answers } = setup();
    answers.resolve();
    list(10_000);
    expect(look.notReadyReason()).toMatch(/^waiting for the first probe of \d+ workers$/);
    await clock.advance(9_900);
    expect(look.notReadyReason()).toBeDefined();
    await clock.advance(100);
    expect(look.notReadyReason()).toBeUndefined();
    expect(core.unprobed).toBeGreaterThan(0);
    core.stop();
  });

  it("is ready without workers, and stays ready when workers appear", async () => {
    const { clock, look, list } = setup();
    list(0);
    expect(look.notReadyReason()).toBeUndefined();
    list(2);
    await clock.advance(0);
    expect(look.notReadyReason()).toBeUndefined();
  });

  it("does not wait for a worker that is removed before its probe", async () => {
    const { core, look, list } = setup();
    list(1);
    core.workerChanged(undefined, testRecord("w0"));
    expect(look.notReadyReason()).toBeUndefined();
  });
});
