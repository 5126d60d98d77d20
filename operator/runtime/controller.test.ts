import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createRegistry, exposition } from "../telemetry/metrics.ts";
import { operatorMetrics } from "../telemetry/operator-metrics.ts";
import { Controller } from "./controller.ts";
import { awaitChange, type Outcome, requeueAfter, TerminalError } from "./outcome.ts";

function start(reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>, concurrency = 2) {
  const clock = new FakeClock();
  const registry = createRegistry({ process: false });
  const metrics = operatorMetrics(registry);
  const logger = createLogger("test", "silent");
  const controller = new Controller({ name: "pool", reconcile, concurrency, clock, random: () => 0.5, logger, metrics });
  const stop = new AbortController();
  const ended = controller.run(stop.signal);
  return { clock, controller, registry, metrics, stop, ended };
}

describe("Controller", () => {
  it("reconciles different keys at once and one key never twice at once", async () => {
    const running: string[] = [];
    const most = new Map<string, number>();
    let atOnce = 0;
    const gates: (() => void)[] = [];
    const { clock, controller } = start(async (key) => {
      running.push(key);
      most.set(key, Math.max(most.get(key) ?? 0, running.filter((other) => other === key).length));
      atOnce = Math.max(atOnce, running.length);
      await new Promise<void>((resolve) => gates.push(resolve));
      running.splice(running.indexOf(key), 1);
      return awaitChange;
    });
    for (const key of ["a", "a", "b", "c"]) controller.enqueue(key);
    await clock.advance(0);
    controller.enqueue("a");
    await clock.advance(0);
    expect(running).toEqual(["a", "b"]);
    for (let gate = gates.shift(); gate !== undefined; gate = gates.shift()) {
      gate();
      await clock.advance(0);
    }
    expect(most).toEqual(
      new Map([
        ["a", 1],
        ["b", 1],
        ["c", 1],
      ]),
    );
    expect(atOnce).toBe(2);
  });

  it("reconciles again if the outcome requests it, and not if the outcome awaits a change", async () => {
    const times: number[] = [];
    const outcomes = [requeueAfter(3_000), awaitChange];
    const { clock, controller } = start(async () => {
      times.push(clock.now());
      return outcomes.shift() ?? awaitChange;
    });
    const startMs = clock.now();
    controller.enqueue("a");
    await clock.advance(600_000);
    expect(times.map((time) => time - startMs)).toEqual([0, 3_000]);
  });

  it("retries a failed reconcile with growing delays, which a success resets", async () => {
    const times: number[] = [];
    const { clock, controller } = start(async () => {
      times.push(clock.now());
      if (times.length === 4) return awaitChange;
      throw new Error("the API server is away");
    });
    controller.enqueue("a");
    await clock.advance(60_000);
    expect(times.map((time, i) => time - (times[i - 1] ?? time))).toEqual([0, 50, 100, 200]);
    controller.enqueue("a");
    await clock.advance(50);
    expect(times).toHaveLength(6);
  });

  it("does not retry a TerminalError until the key is enqueued", async () => {
    let calls = 0;
    const { clock, controller, metrics } = start(async () => {
      calls++;
      throw new TerminalError("min is greater than max");
    });
    controller.enqueue("a");
    await clock.advance(600_000);
    expect(calls).toBe(1);
    controller.enqueue("a");
    await clock.advance(0);
    expect(calls).toBe(2);
    const outcomes = (await metrics.reconciles.get()).values.map(({ labels, value }) => [labels.outcome, value]);
    expect(Object.fromEntries(outcomes)).toEqual({ "await-change": 0, requeue: 0, error: 0, stopped: 0, terminal: 2 });
  });

  it("exports the work queue: what waits, how long reconciles take, and those that run now", async () => {
    const { promise, resolve } = Promise.withResolvers<typeof awaitChange>();
    const { clock, controller, registry } = start((key) => (key === "slow" ? promise : Promise.resolve(awaitChange)), 1);
    for (const key of ["slow", "next"]) controller.enqueue(key);
    await clock.advance(3_000);
    const lines = async () => (await exposition(registry)).text.split("\n").filter((line) => /^workqueue_.*name="pool"/.test(line));
    const running = await lines();
    for (const name of ["workqueue_unfinished_work_seconds", "workqueue_longest_running_processor_seconds"])
      expect(running).toContain(`${name}{name="pool"} 3`);
    expect(running).toContain('workqueue_depth{name="pool"} 1');
    resolve(awaitChange);
    await clock.advance(0);
    const after = await lines();
    for (const line of ["depth{} 0", "adds_total{} 2", "retries_total{} 0", "unfinished_work_seconds{} 0"])
      expect(after).toContain(`workqueue_${line.replace("{}", '{name="pool"}')}`);
    for (const line of ["queue_duration_seconds_sum{} 3", "work_duration_seconds_sum{} 3", "work_duration_seconds_count{} 2"])
      expect(after).toContain(`workqueue_${line.replace("{}", '{name="pool"}')}`);
  });

  it("survives a reconcile that throws before its first await", async () => {
    let calls = 0;
    const { clock, controller } = start(() => {
      calls++;
      throw new Error("a bug");
    });
    controller.enqueue("a");
    await clock.advance(200);
    expect(calls).toBeGreaterThan(1);
  });

  it("stops gracefully: running reconciles end, waiting keys do not start, no timer remains", async () => {
    const started: string[] = [];
    const ended: string[] = [];
    const controllerRun = start(async (key, signal) => {
      started.push(key);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await Promise.resolve();
      ended.push(key);
      return requeueAfter(1_000);
    }, 1);
    controllerRun.controller.enqueue("a");
    controllerRun.controller.enqueue("b");
    await controllerRun.clock.advance(0);
    controllerRun.stop.abort();
    await controllerRun.ended;
    expect([started, ended]).toEqual([["a"], ["a"]]);
    expect(controllerRun.clock.pending).toBe(0);
  });
});
