import { describe, expect, it } from "vitest";
import { FakeWorkers } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import type { WorkerClient } from "../../workers/client.ts";

/** Workers whose machine vanishes: connections hang until Kubernetes removes the pod. */
function setup() {
  const workers = new FakeWorkers();
  const vanished = new Set<string>();
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const isGone = (origin: string) => vanished.has(new URL(origin).hostname.slice("ip-".length));
  const network: WorkerClient = {
    get: (origin, path, signal) => (isGone(origin) ? never(signal) : workers.get(origin, path)),
    post: (origin, path, body, signal) => (isGone(origin) ? never(signal) : workers.post(origin, path, body)),
  };
  return { ...gatewayHarness(undefined, { workers, network }), vanished };
}

describe("a launch at a worker whose machine vanishes", () => {
  it("is sent to the next worker after the pod is removed", async () => {
    const { addWorker, removeWorker, launch, clock, vanished, core, key } = setup();
    await addWorker("a", { sessions: 1 });
    vanished.add("a");
    const result = await launch();
    await addWorker("b");
    await clock.advance(20_000);
    expect([result.status, result.trace.worker]).toEqual([0, "a"]);
    await removeWorker("a");
    expect(result).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2 } });
    expect(core.state(key)?.workers).toMatchObject([{ pod: "b", sessions: 0, reserved: 1 }]);
  });

  it("continues after any number of workers vanish in turn", async () => {
    const { addWorker, removeWorker, launch, clock, vanished } = setup();
    for (const name of ["a", "b", "c"]) await addWorker(name, { sessions: 1 });
    for (const name of ["a", "b", "c"]) vanished.add(name);
    const result = await launch();
    await addWorker("d");
    for (const name of ["a", "b", "c"]) {
      await removeWorker(name);
      await clock.advance(500);
    }
    expect(result).toMatchObject({ status: 200, trace: { worker: "d", attempts: 4 } });
  });

  it("stops its lookup at the worker after the pod is removed", async () => {
    const { addWorker, removeWorker, launch, clock, vanished } = setup();
    await addWorker("a", { sessions: 1, launch: "reset" });
    await addWorker("b");
    const result = await launch();
    vanished.add("a");
    await clock.advance(1_000);
    expect(result.status).toBe(0);
    await removeWorker("a");
    expect(result).toMatchObject({ status: 200, trace: { worker: "b" } });
  });

  it("may be repeated at once after an unclear result if the pod is removed", async () => {
    const { addWorker, removeWorker, launch, clock, vanished } = setup();
    await addWorker("a", { sessions: 1 });
    vanished.add("a");
    const result = await launch("maya", { room: "r" });
    await clock.advance(70_000);
    expect(result).toMatchObject({ status: 504, code: "worker_timeout" });
    await addWorker("b");
    await removeWorker("a");
    expect(await launch("maya", { room: "r" })).toMatchObject({ status: 200, trace: { worker: "b" } });
  });
});
