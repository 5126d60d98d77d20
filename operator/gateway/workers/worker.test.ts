import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const queue = (length: number) => testPool({ launch: { queue: { length } } });

describe("a worker", () => {
  it("that fails launches while its probes succeed is ejected, and later gets one launch at a time", async () => {
    const { addWorker, launch, clock } = gatewayHarness(queue(0));
    const a = await addWorker("a", { launch: "garbage", slots: 4 });
    await launch();
    await clock.advance(1_200);
    a.launch = "accept";
    expect((await launch()).status).toBe(503);
    await clock.advance(4_000);
    a.launch = "hang";
    await launch();
    expect((await launch()).status).toBe(503);
    expect(a.received).toHaveLength(2);
  });

  it("with sessions is reported as not ready at once when its process ends, before its next probe", async () => {
    const { addWorker, client, clock, core, key } = gatewayHarness();
    const a = await addWorker("a", { sessions: 1 });
    await clock.advance(2_000);
    a.ready = false;
    client.close("a");
    await clock.advance(0);
    expect(core.state(key)?.workers[0]?.ready).toBe(false);
  });

  it("is probed rarely while idle, every second with sessions, and faster while launches wait", async () => {
    const { addWorker, launch, client, clock } = gatewayHarness();
    const a = await addWorker("a", { slots: 1 });
    const asked = async (ms: number) => {
      const before = client.probes.get("a") ?? 0;
      await clock.advance(ms);
      return (client.probes.get("a") ?? 0) - before;
    };
    expect(await asked(20_000)).toBe(2);
    a.sessions = 1;
    await asked(10_000);
    expect(await asked(5_000)).toBe(5);
    await launch();
    expect(await asked(5_000)).toBeGreaterThanOrEqual(19);
  });

  it("gets no launch while it is cordoned, and gets launches after the cordon is removed", async () => {
    const { addWorker, launch, setRecord, core, key } = gatewayHarness(queue(0));
    await addWorker("a");
    await setRecord("a", { cordoned: true });
    expect(core.state(key)?.workers[0]).toMatchObject({ cordoned: true });
    expect((await launch()).status).toBe(503);
    await setRecord("a", { cordoned: false });
    expect((await launch()).status).toBe(200);
  });

  it("gets no launch before its startup probe has passed", async () => {
    const { addWorker, launch, setRecord } = gatewayHarness(queue(0));
    const a = await addWorker("a", {}, { started: false });
    expect((await launch()).status).toBe(503);
    await setRecord("a", { started: true });
    expect((await launch()).status).toBe(200);
    expect(a.received).toHaveLength(1);
  });

  it("gets no launch while its pod terminates or after it is removed", async () => {
    const { addWorker, launch, setRecord, removeWorker, core, key } = gatewayHarness(queue(0));
    await addWorker("a");
    await setRecord("a", { terminating: true });
    expect((await launch()).status).toBe(503);
    await removeWorker("a");
    expect(core.state(key)?.workers).toEqual([]);
  });

  it("is not probed after it is removed", async () => {
    const { addWorker, removeWorker, client, clock } = gatewayHarness();
    await addWorker("a");
    await removeWorker("a");
    await clock.advance(10_000);
    expect(client.probes.get("a")).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
