import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { agentsOnly, gpuOnly, NOW_MS, type PodChange, pod, podObject, pool, storeOf } from "../../../test/support/pools.ts";
import { conflict, forbidden, RecordingClient } from "../../../test/support/recording-client.ts";
import { IndexedStore } from "../../kube/store.ts";
import { requeueAfter } from "../../runtime/outcome.ts";
import { Refusals } from "../refusals/refusals.ts";
import { type PoolView, podView } from "../views.ts";
import { isWarm } from "./warmth.ts";
import { warmupReconciler } from "./warmup.ts";

const livekit = { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } };

function setup(
  change: PodChange,
  { status = 200, mode = "pipeline" as "pipeline" | "session", loads = async () => {}, spec = gpuOnly as object } = {},
) {
  const client = new RecordingClient();
  const called: string[] = [];
  const pools = new IndexedStore<PoolView>();
  pools.set("avatars/support", pool({ ...spec, warm: { warmup: { mode } }, livekit }), "1");
  const clock = new FakeClock(NOW_MS + 400);
  const refusals = new Refusals({ clock, random: () => 1, onRefused: () => {} });
  const reconcile = warmupReconciler({
    client,
    refusals,
    pools,
    pods: storeOf([pod("a", change)]),
    workers: {
      call: async ({ method, origin, path }) => {
        called.push(`${method} ${origin}${path}`);
        return { status, contentType: "text/plain", body: "" };
      },
    },
    loadPresets: loads,
    clock,
  });
  const gates = () =>
    client.writes.map(
      ({ sent }) => (sent.status as { conditions: { status: string; reason: string; message: string }[] }).conditions[0]!,
    );
  return { run: () => reconcile("avatars/a", new AbortController().signal), client, clock, refusals, called, gates };
}

describe("warmupReconciler", () => {
  it("runs the pipeline of a worker that answers, then opens its gate", async () => {
    const { run, called, gates } = setup({ stage: "answering" });
    await run();
    expect(called).toEqual(["POST http://127.64.0.9:8089/benchmark?iterations=1", "GET http://127.64.0.9:8089/test-frame"]);
    expect(gates()).toMatchObject([{ status: "True", reason: "Warm" }]);
  });

  it("opens the gate of an agent when it has had the time to register at LiveKit", async () => {
    const agent: PodChange = { group: "agents", engine: "livekit-agent", stage: "answering", startedAtMs: NOW_MS - 5_000 };
    const { run, clock, called, gates } = setup(agent, { spec: agentsOnly });
    expect(await run()).toEqual(requeueAfter(9_600));
    expect(gates()).toEqual([]);
    await clock.advance(9_600);
    await run();
    expect(gates()).toMatchObject([{ status: "True", reason: "Warm" }]);
    expect(called).toEqual([]);
  });

  it("reaches a worker with an IPv6 address", async () => {
    const { run, called } = setup({ stage: "answering", status: { podIP: "fd00::9" } });
    await run();
    expect(called[0]).toBe("POST http://[fd00::9]:8089/benchmark?iterations=1");
  });

  it("writes a gate that counts as warm, although Kubernetes keeps whole seconds", async () => {
    const { run, gates } = setup({ stage: "answering" });
    await run();
    const raw = podObject("a", { stage: "answering", startedAtMs: NOW_MS });
    raw.status!.conditions!.push(gates()[0] as never);
    expect(isWarm(podView(raw)!)).toBe(true);
  });

  it("writes a gate that counts as warm, although the clock of the worker's machine is ahead", async () => {
    const startedAtMs = NOW_MS + 20_000;
    const { run, gates } = setup({ stage: "answering", startedAtMs });
    await run();
    const raw = podObject("a", { stage: "answering", startedAtMs });
    raw.status!.conditions!.push(gates().at(-1) as never);
    expect(isWarm(podView(raw)!)).toBe(true);
  });

  it.each<[string, PodChange]>([
    ["is warm", {}],
    ["does not answer yet", { stage: "starting" }],
    ["is being deleted", { stage: "answering", deleting: true }],
    ["belongs to no group of the pool", { stage: "answering", group: "other" }],
  ])("does not warm a worker that %s", async (_what, change) => {
    const { run, called, client } = setup(change);
    expect(await run()).toEqual({ kind: "await-change" });
    expect([...called, ...client.take()]).toEqual([]);
  });

  it("closes the gate of a restarted worker before it warms the worker again", async () => {
    const { run, gates } = setup({ startedAtMs: NOW_MS });
    await run();
    expect(gates().map(({ status, reason }) => `${status} ${reason}`)).toEqual(["False Restarted", "True Warm"]);
  });

  it("keeps the gate closed with the reason, and fails so that the warm-up is retried", async () => {
    const { run, gates } = setup({ stage: "answering" }, { status: 500 });
    await expect(run()).rejects.toThrow("responded 500");
    expect(gates()).toMatchObject([
      {
        status: "False",
        reason: "WarmupFailed",
        message: "warm-up failed: the worker responded 500 to POST /benchmark?iterations=1",
      },
    ]);
  });

  it("loads presets by sessions only if the pool enables that", async () => {
    let loaded = 0;
    const loads = async () => {
      loaded++;
    };
    await setup({ stage: "answering" }, { loads }).run();
    expect(loaded).toBe(0);
    await setup({ stage: "answering" }, { loads, mode: "session" }).run();
    expect(loaded).toBe(1);
  });

  it("accepts that the pod is gone", async () => {
    const { run, client } = setup({ stage: "answering" });
    client.failNext = conflict();
    expect(await run()).toEqual({ kind: "await-change" });
  });

  it("does not warm a worker again while the API server rejects its gate", async () => {
    const { run, client, clock, called, gates, refusals } = setup({ stage: "answering" });
    client.refuses = () => forbidden('admission webhook "w" denied the request: no');
    await expect(run()).rejects.toThrow("denied");
    const calls = called.length;
    expect(await run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    expect(called).toHaveLength(calls);
    expect(refusals.of("avatars/support")).toMatchObject([{ kind: "Pod", name: "a", subresource: "status" }]);
    await clock.advance(10_000);
    client.refuses = () => undefined;
    await run();
    expect(gates()).toMatchObject([{ status: "True" }]);
    expect(refusals.of("avatars/support")).toEqual([]);
  });
});
