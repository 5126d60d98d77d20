import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { defaultSpec, gpuGroup, gpuOnly, NOW_MS, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { forbidden, RecordingClient } from "../../../test/support/recording-client.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { plan } from "../plan.ts";
import type { Snapshot } from "../snapshot.ts";
import { ForecastStore, SAVE_INTERVAL_MS } from "./forecast-store.ts";
import { Forecasts } from "./forecasts.ts";

const gpuPool = (spec: Partial<AvatarPoolSpecInput> = {}) => pool({ ...gpuOnly, ...spec });

/** The pool, `seconds` later, after this number of launches of its preset. */
function later(seconds: number, arrived: number, change: WorldChange = {}, spec: Partial<AvatarPoolSpecInput> = {}): Snapshot {
  const seen = snapshot(gpuPool(spec), { nowMs: NOW_MS + seconds * 1_000, ...change });
  return { ...seen, load: { ...seen.load, launches: new Map([["maya", { arrived, missed: 0, started: arrived }]]) } };
}

/** Half an hour of launches, `perMinute`, on warm workers. */
function busyHalfHour(forecasts: Forecasts, perMinute: number): void {
  const pods = Array.from({ length: 8 }, (_, index) => pod(`w${index}`));
  const sessions = Object.fromEntries(pods.slice(0, 4).map(({ name }) => [name, 2]));
  for (let second = 0; second < 1_800; second += 10)
    forecasts.next(later(second, Math.floor((second / 60) * perMinute), { pods, sessions }));
}

describe("warm.slots: auto", () => {
  it("keeps one worker for a pool without launches, and states the reason", () => {
    const forecasts = new Forecasts();
    const target = forecasts.next(later(0, 0)).get("gpu");
    expect(target).toMatchObject({ slots: 2, holdMs: 45_000, timeToWarmMs: 45_000 });
    expect(target?.because).toMatch(
      /^2 warm slots for 99% launch success: .* launches per minute, mean session 5m, p95 time to warm 45s$/,
    );
  });

  it("keeps one worker of each group in a new pool, also after hours without launches", () => {
    const forecasts = new Forecasts();
    for (let second = 0; second < 12 * 3_600; second += 240) {
      const forecast = forecasts.next(snapshot(pool(defaultSpec), { nowMs: NOW_MS + second * 1_000 }));
      expect([...forecast].map(([key, { slots }]) => [key, slots])).toEqual([
        ["gpu", 2],
        ["cpu", 1],
      ]);
    }
  });

  it("keeps more workers for a pool with many launches, and the plan starts them", () => {
    const forecasts = new Forecasts();
    busyHalfHour(forecasts, 4);
    const now = later(1_800, 120, { pods: [pod("w0")], sessions: { w0: 2 } });
    const forecast = forecasts.next(now);
    expect(forecast.get("gpu")!.slots).toBeGreaterThan(4);
    const [record] = plan({ ...now, forecast }).records;
    expect(record).toMatchObject({ outcome: "grew" });
    expect(record!.reason).toContain("launches per minute");
  });

  it("keeps fewer slots for a lower objective, and keeps the observed demand", () => {
    const slots = (launchSuccess: number) => {
      const forecasts = new Forecasts();
      busyHalfHour(forecasts, 4);
      return forecasts.next(later(1_800, 120, {}, { objective: { launchSuccess } })).get("gpu")!.slots;
    };
    expect(slots(60)).toBeLessThan(slots(99.9));
  });

  it("uses the observed time to warm", () => {
    const forecasts = new Forecasts();
    const warmSinceMs = pod("any").warmSinceMs!;
    const slow = pod("slow", { createdAtMs: warmSinceMs - 120_000 });
    expect(forecasts.next(later(0, 0, { pods: [slow] })).get("gpu")!.timeToWarmMs).toBe(120_000);
  });

  it("keeps its last forecast while no gateway reports launches", () => {
    const forecasts = new Forecasts();
    busyHalfHour(forecasts, 4);
    const before = forecasts.next(later(1_800, 120));
    expect(forecasts.next(later(1_805, 120, { gateways: 0 }))).toBe(before);
  });

  it("counts a launch only for the groups that serve its preset", () => {
    const forecasts = new Forecasts();
    const seen = (second: number) => {
      const now = snapshot(pool(defaultSpec), { nowMs: NOW_MS + second * 1_000 });
      const maya = { arrived: second, missed: 0, started: second };
      return { ...now, load: { ...now.load, launches: new Map([["maya", maya]]) } };
    };
    for (let second = 0; second < 600; second += 5) forecasts.next(seen(second));
    const forecast = forecasts.next(seen(600));
    expect(forecast.get("gpu")!.slots).toBeGreaterThan(forecast.get("cpu")!.slots);
  });

  it("is computed again as time passes, more often while sessions run", () => {
    const forecasts = new Forecasts();
    expect(forecasts.dueMs(later(0, 0))).toBe(30_000);
    expect(forecasts.dueMs(later(0, 0, { pods: [pod("w0")], sessions: { w0: 1 } }))).toBe(5_000);
    expect(forecasts.dueMs(later(0, 0, {}, { warm: { slots: 1 } }))).toBeUndefined();
  });
});

describe("ForecastStore", () => {
  const ref = { namespace: "avatars", name: "support-learned" };
  const ownerReference = { apiVersion: "avatarpool.dev/v1alpha1", kind: "AvatarPool", name: "support", uid: "pool-uid" };
  const own = { metadata: { ...ref, uid: "kept", ownerReferences: [ownerReference] } };

  function setup() {
    const client = new RecordingClient();
    const clock = new FakeClock();
    const lines: string[] = [];
    const foreign: string[] = [];
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString());
        done();
      },
    });
    return {
      client,
      clock,
      lines,
      foreign,
      store: () =>
        new ForecastStore({
          clientOf: () => client,
          onForeign: (_pool, _ref, message) => foreign.push(message),
          clock,
          logger: createLogger("test", "info", out),
        }),
    };
  }

  it("saves the forecast rarely and only after launches, and the next operator continues from it", async () => {
    const { client, clock, store } = setup();
    const first = store();
    const { config } = gpuPool();
    const forecasts = await first.of(config);
    busyHalfHour(forecasts, 4);
    await first.save(config);
    expect(client.take()).toEqual([]);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(config);
    const [write] = client.writes;
    expect(client.take()).toEqual(["create configmaps/support-learned"]);
    expect(JSON.stringify(write!.sent).length).toBeLessThan(8_000);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(config);
    expect(client.take()).toEqual([]);

    client.put("configmaps", { namespace: "avatars", name: "support-learned" }, write!.sent);
    const next = await store().of(config);
    const slots = (from: Forecasts) => from.next(later(1_805, 0)).get("gpu")!.slots;
    expect(slots(next)).toBeGreaterThan(slots(new Forecasts()));
  });

  it("reads the format of the previous version", async () => {
    const { client, clock, store } = setup();
    const first = store();
    busyHalfHour(await first.of(gpuPool().config), 4);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(gpuPool().config);
    const sent = client.writes[0]!.sent as { data: { "learned.json": string } };
    const current = sent.data["learned.json"];
    const [next, former] = await Promise.all(
      [current, current.replaceAll('"missed"', '"cold"')].map(async (text) => {
        client.put("configmaps", ref, { ...sent, data: { "learned.json": text } });
        return (await store().of(gpuPool().config)).next(later(1_805, 0)).get("gpu")!.slots;
      }),
    );
    expect(former).toBe(next);
    expect(former).toBeGreaterThan(new Forecasts().next(later(1_805, 0)).get("gpu")!.slots);
  });

  it.each(["", "{", '{"sets":{"gpu":{}}}', '{"sets":{},"groups":{"gpu":{"seconds":["x"]}}}'])(
    "starts anew if the saved forecast is damaged: %s",
    async (text) => {
      const { client, lines, store } = setup();
      client.put("configmaps", { namespace: "avatars", name: "support-learned" }, { ...own, data: { "learned.json": text } });
      const forecasts = await store().of(gpuPool().config);
      expect(forecasts.next(later(0, 0)).get("gpu")!.slots).toBe(gpuGroup.sessionsPerWorker);
      expect(lines.join("")).toContain("starting a new one");
    },
  );

  it("overwrites only the pool's own ConfigMap, and no other object that has taken the name", async () => {
    const { client, clock, store } = setup();
    const first = store();
    busyHalfHour(await first.of(gpuPool().config), 4);
    client.put("configmaps", ref, own);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(gpuPool().config);
    expect(client.writes).toMatchObject([{ verb: "apply", sent: { metadata: { uid: "kept" } } }]);
  });

  it.each([
    ["no owner", undefined],
    ["a former pool of the name", [{ ...ownerReference, uid: "former" }]],
  ])("neither reads nor writes a ConfigMap that belongs to %s, and the pool reports it", async (_whom, owners) => {
    const { client, clock, foreign, store, lines } = setup();
    const metadata = { ...ref, uid: "theirs", ...(owners !== undefined && { ownerReferences: owners }) };
    client.put("configmaps", ref, { metadata, data: { "learned.json": "{" } });
    const first = store();
    busyHalfHour(await first.of(gpuPool().config), 4);
    expect(foreign).toEqual([
      "ConfigMap avatars/support-learned exists and does not belong to the pool, so the demand forecast is " +
        "lost when the operator restarts: delete it, or rename the pool; the operator does not change it",
    ]);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(gpuPool().config);
    expect([client.take(), foreign.length, lines]).toEqual([[], 2, []]);
    client.objects.clear();
    busyHalfHour(await first.of(gpuPool().config), 9);
    await clock.advance(SAVE_INTERVAL_MS);
    await first.save(gpuPool().config);
    expect(client.take()).toEqual(["create configmaps/support-learned"]);
  });

  it("does not start anew while the API server is unreachable", async () => {
    const { client, store } = setup();
    client.get = () => Promise.reject(new Error("unreachable"));
    await expect(store().of(gpuPool().config)).rejects.toThrow("unreachable");
  });

  it("starts anew and writes nothing while the API server rejects the read", async () => {
    const { client, clock, store } = setup();
    const missing = forbidden('configmaps "support-learned" is forbidden: User "operator" cannot get resource "configmaps"');
    const given = client.get.bind(client);
    client.get = () => Promise.reject(missing);
    const own = store();
    const { config } = gpuPool();
    busyHalfHour(await own.of(config), 4);
    await clock.advance(SAVE_INTERVAL_MS + 1);
    await own.save(config);
    expect(client.take()).toEqual([]);
    const before = await own.of(config);
    client.get = given;
    expect(await own.of(config)).not.toBe(before);
  });
});
