import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import {
  deployment,
  gpuGroup,
  gpuOnly,
  load,
  NOW_MS,
  pod,
  pool,
  report,
  type storeOf,
  type WorldChange,
  world,
} from "../../test/support/pools.ts";
import { forbidden, invalid, outage, RecordingClient } from "../../test/support/recording-client.ts";
import { IndexedStore } from "../kube/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createRegistry, exposition } from "../telemetry/metrics.ts";
import { operatorMetrics } from "../telemetry/operator-metrics.ts";
import { CreditsStore } from "./credits/credits-store.ts";
import { PoolSeries } from "./figures/pool-series.ts";
import { ForecastStore } from "./forecast/forecast-store.ts";
import { Memories } from "./memory.ts";
import { poolReconciler } from "./reconcile.ts";
import { Refusals } from "./refusals/refusals.ts";
import { type PoolEvent, Reporter } from "./report/reporter.ts";
import { VictimVerifier } from "./victim-verification.ts";
import type { PoolView } from "./views.ts";

const KEY = "avatars/support";

/** A reconciler over one pool whose world the test changes in place. */
function operator(change: WorldChange = {}, view = pool(gpuOnly)) {
  const clock = new FakeClock(NOW_MS);
  const client = new RecordingClient();
  const pools = new IndexedStore<PoolView>();
  pools.set(KEY, view, "1");
  const seen = world(view.config, change);
  const events: PoolEvent[] = [];
  const registry = createRegistry({ process: false });
  const metrics = operatorMetrics(registry);
  const logger = createLogger("test", "info", new Writable({ write: (_chunk, _encoding, done) => done() }));
  const busy = new Set<string>();
  const memories = new Memories();
  const refusals = new Refusals({ clock, random: () => 1, onRefused: () => {} });
  const saving = { clientOf: () => client, onForeign: () => {}, logger: createLogger("operator", "silent") };
  const reconcile = poolReconciler({
    client,
    victims: new VictimVerifier({ isEmpty: async ({ name }) => !busy.has(name), enqueue: () => {}, clock }),
    pools,
    world: seen,
    memories,
    refusals,
    podEvents: { latest: () => undefined },
    enqueue: () => {},
    forecastStore: new ForecastStore({ ...saving, clock }),
    creditsStore: new CreditsStore({ ...saving, clock, metrics }),
    credentials: { of: async () => ({ kind: "present" }), problems: async () => [] },
    reporter: new Reporter({ record: (event) => events.push(event), logger, metrics }),
    series: new PoolSeries(metrics, { of: async () => undefined }),
    onReported: () => {},
    metrics,
    clock,
  });
  return { clock, client, pools, hub: seen.hub, seen, memories, busy, events, registry, reconcile: () => reconcile(KEY) };
}
const queue = (hub: ReturnType<typeof operator>["hub"], maya: number, change = {}) =>
  hub.accept("http://gateway", report("g", [load({ queued: { maya }, ...change })], false), NOW_MS);

describe("poolReconciler", () => {
  it("creates and reports, then writes nothing more in an unchanged world", async () => {
    const { client, pools, seen, reconcile, clock, events } = operator({ deployments: [] });
    await reconcile();
    expect(events.map(({ reason }) => reason)).toEqual(["Scaled"]);
    const status = client.writes.at(-1)!.sent.status as object;
    expect(client.take()).toEqual(["apply deployments/support-gpu", "apply avatarpools/support/status"]);

    const created = deployment("gpu", { uid: "uid-of-support-gpu", generation: 2, replicas: 1 });
    (seen.deployments as ReturnType<typeof storeOf<typeof created>>).set("avatars/support-gpu", created, "2");
    pools.set(KEY, pool(gpuOnly, {}, status), "2");
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000);
      await reconcile();
    }
    expect(client.take()).toEqual([]);
    expect(events).toHaveLength(1);
  });

  it("records its decisions, including those without a change", async () => {
    const { memories, hub, reconcile } = operator({ pods: [pod("a")] });
    await reconcile();
    const { decisions } = memories.of(KEY);
    expect(decisions.changes).toEqual([]);
    expect(decisions.latest.get("gpu")).toMatchObject({ outcome: "unchanged", from: 1, to: 1 });
    queue(hub, 5);
    await reconcile();
    expect(decisions.changes).toMatchObject([{ outcome: "grew", from: 1, to: 3, inputs: { queued: 5 } }]);
  });

  it("writes the status at most once a second, and writes a delayed status later", async () => {
    const { client, hub, reconcile, clock } = operator({ pods: [pod("a")] });
    await reconcile();
    client.take();
    queue(hub, 1);
    const statuses = () => client.writes.splice(0).filter(({ subresource }) => subresource === "status");
    await clock.advance(400);
    expect(await reconcile()).toEqual({ kind: "requeue", afterMs: 600 });
    expect(statuses()).toEqual([]);
    await clock.advance(600);
    await reconcile();
    expect(statuses()).toMatchObject([{ sent: { status: { queued: 1 } } }]);
  });

  it.each(["reclaimed", "wonBack"])(
    "continues the count of reclaimed slots of the previous operator, from status.%s",
    async (name) => {
      const spec = { ...gpuOnly, livekit: { url: "wss://x", apiKeyRef: { name: "livekit" } } };
      const before = { [name]: { sessions: 7, slotSeconds: 4_000 } };
      const { client, hub, reconcile, clock } = operator({ pods: [pod("a")] }, pool(spec, {}, before));
      await reconcile();
      for (const sessions of [1, 2]) {
        queue(hub, 0, { reclaimed: { sessions, slotSeconds: sessions * 500 } });
        await clock.advance(1_000);
        await reconcile();
      }
      expect(client.writes.at(-1)?.sent).toMatchObject({ status: { reclaimed: { sessions: 9, slotSeconds: 5_000 } } });
    },
  );

  it("reports a decision before the write of the status that contains it", async () => {
    const { client, hub, reconcile, clock } = operator({ pods: [pod("a")] });
    await reconcile();
    queue(hub, 5);
    await reconcile();
    queue(hub, 0);
    await clock.advance(1_000);
    await reconcile();
    expect(client.writes.at(-1)!.sent.status).toMatchObject({ lastDecision: { from: 1, to: 3 } });
  });

  it("retries a failed status write", async () => {
    const { client, reconcile } = operator({ pods: [pod("a")] });
    await reconcile();
    const again = operator({ pods: [pod("a")] });
    again.client.failNext = outage();
    await expect(again.reconcile()).rejects.toThrow();
    again.client.take();
    await again.reconcile().catch(() => undefined);
    expect(again.client.take()).toEqual(client.take());
  });

  it("reports no decision about a worker that verification finds busy", async () => {
    const quick = pool({ ...gpuOnly, scaling: { scaleDownAfter: "0s" } });
    const { client, clock, busy, events, reconcile } = operator({ pods: [pod("a"), pod("b", { cordonedAtMs: 1 })] }, quick);
    busy.add("b");
    await reconcile();
    await clock.advance(1_000);
    // The operator queries the worker again five seconds after its report of a session.
    expect(await reconcile()).toEqual({ kind: "requeue", afterMs: 4_000 });
    expect(events.map(({ reason }) => reason)).not.toContain("Scaled");
    expect(client.writes.find(({ plural }) => plural === "deployments")?.sent).toMatchObject({ spec: { replicas: 2 } });
  });

  it("measures the time of a shortage once, when it grows the pool for the launches", async () => {
    const { hub, registry, reconcile, clock } = operator({ pods: [pod("a")] });
    await clock.advance(50);
    queue(hub, 5, { shortSinceMs: NOW_MS });
    await reconcile();
    await reconcile();
    const { text } = await exposition(registry);
    expect(text).toContain("avatarpool_pressure_to_patch_duration_seconds_sum 0.05\n");
    expect(text).toContain("avatarpool_pressure_to_patch_duration_seconds_count 1\n");
  });

  it("removes its records of a deleted pool", async () => {
    const { client, pools, hub, registry, reconcile } = operator({ pods: [pod("a")], worker503: { maya: 2 } });
    const series = async () => (await exposition(registry)).text.split("\n").filter((line) => line.includes('pool="support"'));
    await reconcile();
    client.take();
    expect(await series()).toContain('avatarpool_pressure{namespace="avatars",pool="support"} 2');
    pools.delete(KEY);
    expect(await reconcile()).toEqual({ kind: "await-change" });
    expect(client.take()).toEqual([]);
    expect(hub.view(KEY, NOW_MS).pressurePerMinute).toBe(0);
    expect(await series()).toEqual([]);
  });

  describe("a write that the API server rejects", () => {
    const said =
      'Deployment.apps "support-gpu" is invalid: spec.template.spec.containers[0].resources.requests: Invalid value: "32Gi"';
    const refusesGpu = ({ name }: { readonly name: string }) => (name === "support-gpu" ? invalid(said) : undefined);
    const statusOf = (client: RecordingClient) => {
      const last = client.writes.findLast(({ subresource }) => subresource === "status");
      const { conditions = [] } = (last?.sent.status ?? {}) as { conditions?: { type: string; reason: string; message: string }[] };
      return conditions.find(({ type }) => type === "Ready");
    };

    it("blocks no write of another group, appears in the status and in one event, and is not repeated", async () => {
      const { client, clock, events, reconcile } = operator({ deployments: [] }, pool());
      client.refuses = refusesGpu;
      for (let turn = 0; turn < 8; turn++) {
        await reconcile();
        await clock.advance(1_000);
      }
      expect(client.take()).toContain("apply deployments/support-cpu");
      expect(events.filter(({ reason }) => reason === "WriteRefused").map(({ note }) => note)).toEqual([
        expect.stringContaining(said),
      ]);
      expect(events.filter(({ reason }) => reason === "NotReady")).toEqual([]);
      const before = client.requests;
      await reconcile();
      expect(client.requests - before, "writes of the other group, whose watch lags").toBeLessThanOrEqual(1);
    });

    it("makes the pool not ready, even while workers serve", async () => {
      const { client, reconcile } = operator({ pods: [pod("a")] });
      client.refuses = refusesGpu;
      await reconcile();
      const ready = statusOf(client);
      expect(ready).toMatchObject({ status: "False", reason: "WriteRefused" });
      expect(ready?.message).toBe(
        `the API server rejects the request to write Deployment avatars/support-gpu of group gpu (422 Invalid): "${said}": correct this field in group gpu; the operator retries every 5 minutes, and at once if the pool's spec changes`,
      );
    });

    it("is sent at once when the pool's spec changes, and the pool is ready again", async () => {
      const { client, clock, pools, reconcile } = operator({ pods: [pod("a")] });
      client.refuses = refusesGpu;
      await reconcile();
      await clock.advance(1_500);
      client.refuses = () => undefined;
      client.take();
      await reconcile();
      expect(client.take()).not.toContain("apply deployments/support-gpu");
      pools.set(KEY, pool(gpuOnly, { generation: 9 }), "2");
      await reconcile();
      expect(client.writes[0]).toMatchObject({ plural: "deployments" });
      expect(statusOf(client)).toMatchObject({ status: "True" });
    });

    it("is retried with the next attempt if the pool does not change", async () => {
      const { client, clock, reconcile } = operator({ pods: [pod("a")] });
      client.refuses = refusesGpu;
      expect(await reconcile()).toMatchObject({ kind: "requeue" });
      client.refuses = () => undefined;
      client.take();
      for (let second = 0; second < 11; second++) {
        await clock.advance(1_000);
        await reconcile();
      }
      expect(client.take()).toContain("apply deployments/support-gpu");
    });

    it("moves the launches that the group cannot serve to other groups", async () => {
      const both = pool({ ...gpuOnly, workers: [gpuGroup, { ...gpuGroup, name: "more" }] });
      const { client, hub, clock, reconcile } = operator({ deployments: [] }, both);
      client.refuses = refusesGpu;
      queue(hub, 3);
      await reconcile();
      await clock.advance(1_000);
      queue(hub, 3);
      await reconcile();
      const more = client.writes.filter(({ name }) => name === "support-more").at(-1);
      expect((more?.sent.spec as { replicas: number } | undefined)?.replicas).toBeGreaterThanOrEqual(2);
    });

    it("of a template does not stop an existing group from growing, also between two attempts", async () => {
      const { client, hub, clock, reconcile } = operator({ pods: [pod("a")] });
      client.refuses = ({ verb, name }) => (verb === "apply" ? refusesGpu({ name }) : undefined);
      await reconcile();
      await clock.advance(1_500);
      queue(hub, 4);
      await reconcile();
      expect(client.writes.findLast(({ plural }) => plural === "deployments")).toMatchObject({ verb: "patch" });
      expect(statusOf(client)).toMatchObject({ status: "False", reason: "WriteRefused" });
    });

    it("of the status itself causes an event, and blocks no other write", async () => {
      const { client, clock, events, reconcile } = operator({ deployments: [] });
      client.refuses = ({ subresource }) =>
        subresource === "status" ? forbidden('admission webhook "w" denied the request') : undefined;
      await reconcile();
      await clock.advance(1_000);
      await reconcile();
      expect(client.take()).toContain("apply deployments/support-gpu");
      expect(events.map(({ reason }) => reason)).toContain("WriteRefused");
      expect(events.find(({ reason }) => reason === "WriteRefused")?.note).toContain("the status of AvatarPool avatars/support");
    });
  });
});
