import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { NOW_MS, pool } from "../../../test/support/pools.ts";
import { forbidden, outage, RecordingClient } from "../../../test/support/recording-client.ts";
import type { Usage } from "../../api/load-report.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import type { KubeError } from "../../kube/errors.ts";
import type { KubeObject, ObjectRef, ResourceType } from "../../kube/types.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { createRegistry, exposition } from "../../telemetry/metrics.ts";
import { operatorMetrics } from "../../telemetry/operator-metrics.ts";
import { CreditsStore } from "./credits-store.ts";

const MINUTE_MS = 60_000;
const minutes = (count: number): Usage => ({ "self-hosted": { expression: { sessions: 1, minutes: count } } });

function setup(credits: AvatarPoolSpecInput["credits"] = {}) {
  const { config } = pool({ credits });
  const clock = new FakeClock(NOW_MS);
  const client = new RecordingClient();
  const registry = createRegistry({ process: false });
  const metrics = operatorMetrics(registry);
  const foreign: string[] = [];
  const reads: { failure?: KubeError } = {};
  /** The API server keeps what is written. */
  const api = {
    get: <T extends KubeObject>(type: ResourceType, ref: ObjectRef) => {
      if (reads.failure !== undefined) throw reads.failure;
      return client.get<T>(type, ref);
    },
    create: async <T extends KubeObject>(type: ResourceType, object: T) => kept(type, await client.create(type, object)),
    apply: async <T extends KubeObject>(type: ResourceType, object: T) => kept(type, await client.apply(type, object)),
  };
  function kept<T extends KubeObject>({ plural }: ResourceType, object: T): T {
    client.put(plural, { namespace: "avatars", name: object.metadata?.name ?? "" }, object);
    return object;
  }
  const begin = () =>
    new CreditsStore({
      clientOf: () => api,
      onForeign: (_pool, _ref, message) => foreign.push(message),
      clock,
      metrics,
      logger: createLogger("operator", "silent"),
    });
  /** Adds what the gateways have counted. @returns when there may be more to report. */
  const add = (store: CreditsStore, gateways: Record<string, Usage>) => store.add(config, new Map(Object.entries(gateways)));
  const shown = async (store: CreditsStore) => (await store.of(config))?.ledger.total["self-hosted"];
  return { config, clock, client, reads, registry, foreign, begin, add, shown };
}

describe("the credits of a pool", () => {
  it("are saved and shown at once, then at most once a minute, and not at all without a change", async () => {
    const { begin, add, shown, client, clock } = setup();
    const store = begin();
    expect(await shown(store)).toBe(0);
    expect(await add(store, { a: minutes(1) })).toBe(1);
    expect([client.take(), await shown(store)]).toEqual([["create configmaps/support-credits"], 2_000]);
    expect(await add(store, { a: minutes(2) })).toBe(MINUTE_MS);
    expect([client.take(), await shown(store)]).toEqual([[], 2_000]);
    await clock.advance(MINUTE_MS);
    await add(store, { a: minutes(2) });
    expect([client.take(), await shown(store)]).toEqual([["apply configmaps/support-credits"], 4_000]);
    await clock.advance(2 * 60 * MINUTE_MS);
    await add(store, { a: minutes(2) });
    expect(client.take()).toEqual([]);
  });

  it("continue with the next operator, which adds what gateways counted meanwhile", async () => {
    const { begin, add, shown } = setup();
    const first = begin();
    await shown(first);
    await add(first, { a: minutes(1), b: minutes(5) });
    const second = begin();
    expect(await shown(second)).toBe(12_000);
    await add(second, { a: minutes(4), b: minutes(5), c: minutes(2) });
    expect(await shown(second)).toBe((4 + 5 + 2) * 2_000);
  });

  it("contain the sessions that warm up workers", async () => {
    const { config, begin, add, shown } = setup({ per: "authentication", selfHosted: { expression: 0.5 } });
    const store = begin();
    await shown(store);
    for (const engine of ["expression", "expression", "essence"]) store.warmedUp(config, engine);
    await add(store, {});
    expect(await shown(store)).toBe(2_000);
  });

  it("fall out of the last hour", async () => {
    const { config, begin, add, clock } = setup();
    const store = begin();
    await store.of(config);
    const lastHour = async () => (await store.of(config))?.lastHour;
    expect(await add(store, { a: minutes(3) })).toBe(1);
    expect([await lastHour(), await add(store, { a: minutes(3) })]).toEqual([6_000, MINUTE_MS]);
    await clock.advance(60 * MINUTE_MS);
    expect([await add(store, { a: minutes(3) }), await lastHour(), await add(store, { a: minutes(3) })]).toEqual([1, 0, undefined]);
  });

  it("are reported anew at midnight UTC if the budget is exceeded", async () => {
    const { config, begin, add, clock } = setup({ budget: { credits: 5, period: "day" } });
    const store = begin();
    await store.of(config);
    await add(store, { a: minutes(3) });
    await clock.advance(2 * 60 * MINUTE_MS);
    expect(await add(store, { a: minutes(3) })).toBe(1);
    expect(await add(store, { a: minutes(3) })).toBe(10 * 60 * MINUTE_MS);
  });

  it("are counted by mode", async () => {
    const { config, begin, add, registry } = setup();
    const store = begin();
    await store.of(config);
    await add(store, { a: { ...minutes(10), cloud: { expression: { sessions: 1, minutes: 2 } } } });
    const { text } = await exposition(registry);
    const pool = 'namespace="avatars",pool="support"';
    expect(text.split("\n").filter((line) => /^avatarpool_credits/.test(line))).toEqual([
      `avatarpool_credits_total{${pool},mode="self-hosted"} 20`,
      `avatarpool_credits_total{${pool},mode="cloud"} 8`,
    ]);
  });

  it("are neither read nor written if the pool does not count them", async () => {
    const { client, begin } = setup();
    const { config } = pool({});
    const store = begin();
    expect([await store.of(config), await store.add(config, new Map([["a", minutes(1)]]))]).toEqual([undefined, undefined]);
    expect(client.take()).toEqual([]);
  });

  it("are unknown, and not overwritten, while the saved ones cannot be read", async () => {
    const { config, begin, add, client, reads } = setup();
    const store = begin();
    reads.failure = outage();
    await expect(store.of(config)).rejects.toThrow();
    reads.failure = forbidden("no");
    expect(await store.of(config)).toBeUndefined();
    await add(store, { a: minutes(1) });
    expect(client.take()).toEqual([]);
  });

  it("begin anew if the ConfigMap belongs to another object, which stays as it is", async () => {
    const { config, begin, add, client, foreign, shown } = setup();
    client.put("configmaps", { namespace: "avatars", name: "support-credits" }, { data: { "credits.json": "{}" } });
    const store = begin();
    await store.of(config);
    await add(store, { a: minutes(1) });
    expect([client.take(), await shown(store)]).toEqual([[], 2_000]);
    expect(foreign[0]).toContain("the count of credits is lost when the operator restarts: delete it, or rename the pool");
  });
});
