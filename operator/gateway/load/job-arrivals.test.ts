import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { agentPool, agentRecord } from "../../../test/support/gateway/pool.ts";
import { JOBS } from "../../api/pool-config.ts";
import { Shares } from "../workers/shares.ts";

async function setup(sessions = 0) {
  const harness = gatewayHarness(agentPool());
  const worker = await harness.addWorker("a", { sessions }, agentRecord);
  const state = () => harness.core.state(harness.key);
  return { ...harness, worker, state, reported: () => state()?.workers[0] };
}

describe("workers that get jobs from LiveKit", () => {
  it("report a new job as a session, and as an arrival, within a second", async () => {
    const { worker, clock, state, reported } = await setup();
    worker.sessions = 2;
    await clock.advance(1_100);
    expect(reported()).toMatchObject({ ready: true, sessions: 2, slots: 2 });
    expect(state()?.launches).toEqual({ [JOBS]: { arrived: 2, missed: 0, started: 2 } });
    worker.sessions = 1;
    await clock.advance(1_100);
    expect(reported()).toMatchObject({ sessions: 1 });
    expect(state()?.launches[JOBS]).toMatchObject({ arrived: 2 });
  });

  it("count jobs that ran before the gateway started as sessions, but not as arrivals", async () => {
    const { state, reported } = await setup(2);
    expect(reported()).toMatchObject({ sessions: 2 });
    expect(state()?.launches).toEqual({});
  });

  it("have their arrivals counted by the gateway whose share they are in", async () => {
    const { core, worker, clock, state } = await setup();
    core.share(new Shares("z", ["a", "b", "c", "d", "e", "f", "g", "h"]));
    worker.sessions = 1;
    await clock.advance(30_000);
    expect(state()?.launches).toEqual({});
  });

  it("block slots by their load, once it has been below the threshold", async () => {
    const { worker, clock, reported, addWorker, state } = await setup();
    worker.load = 0.8;
    await clock.advance(1_100);
    expect(reported()).toMatchObject({ ready: true, sessions: 0, slots: 2, blocked: 2 });
    await addWorker("starting", { load: 1 }, agentRecord);
    expect(state()?.workers[1]).not.toHaveProperty("blocked");
  });

  it("have no session left when their process has ended, also while it does not start again", async () => {
    const { worker, clock, client, reported } = await setup(2);
    await clock.advance(2_000);
    client.kill("a");
    await clock.advance(2_000);
    expect(reported()).toMatchObject({ ready: false, sessions: 0 });
    expect(worker.received).toEqual([]);
  });

  it("keep their sessions while they do not answer for a moment", async () => {
    const { worker, clock, reported } = await setup(2);
    worker.ready = false;
    await clock.advance(3_000);
    expect(reported()).toMatchObject({ ready: false, sessions: 2 });
  });

  it("are counted, not listed, where sessions are listed", async () => {
    const { core, pool } = await setup(2);
    expect(await core.sessions.inPool(pool)).toEqual({ sessions: [], complete: true, jobs: 2 });
  });
});
