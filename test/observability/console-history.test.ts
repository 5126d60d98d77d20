import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PrometheusHistory } from "../../operator/console/prometheus/prometheus-history.ts";
import { gatewayMetrics } from "../../operator/telemetry/gateway-metrics.ts";
import { startHealthServer } from "../../operator/telemetry/health-server.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { createRegistry } from "../../operator/telemetry/metrics.ts";
import { operatorMetrics } from "../../operator/telemetry/operator-metrics.ts";
import { lineOnStderr, until } from "../support/controlplane/index.ts";
import { ensurePackages } from "../support/debian.ts";
import { Prometheus } from "../support/prometheus.ts";

/** The console's history of a pool in a real Prometheus that scrapes the metrics of an operator and of a gateway. */

const LIMIT_MS = 30_000;
const pool = { namespace: "avatars", pool: 'a "pool"' };
const resources = new AsyncDisposableStack();
let prometheus: Prometheus;

const registries = { operator: createRegistry(), gateway: createRegistry() };
const operator = operatorMetrics(registries.operator).poolGauges;
const gateway = gatewayMetrics(registries.gateway);

beforeAll(async () => {
  ensurePackages(["prometheus"], lineOnStderr);
  const targets = await Promise.all(
    Object.values(registries).map(async (registry) => {
      const server = await startHealthServer({ host: "127.0.0.1", port: 0, registry, notReady: () => undefined });
      resources.defer(() => void server.close());
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, labels: {} };
    }),
  );
  prometheus = resources.use(await Prometheus.start([{ name: "avatarpool", honorLabels: true, targets }], { groups: [] }));
});

afterAll(() => resources.disposeAsync());

const history = () => new PrometheusHistory({ url: `${prometheus.url}/`, logger: createLogger("test", "silent") });

it("has the largest level and the increase of each counter in a step, for this pool only", async () => {
  for (const [preset, sessions] of [
    ["maya", 3],
    ["leo", 2],
  ] as const)
    operator.sessions.set({ ...pool, preset }, sessions);
  for (const state of ["busy", "free"]) operator.slots.set({ ...pool, state }, 5);
  operator.slots.set({ ...pool, pool: "other", state: "free" }, 90);
  operator.warmSlots.set({ ...pool, preset: "maya" }, 4);
  operator.warmSlotsWanted.set({ ...pool, preset: "maya" }, 2);
  operator.desired.set({ ...pool, group: "gpu" }, 6);
  operator.queued.set(pool, 1);
  const count = (launches: number) => {
    gateway.launches.inc({ ...pool, outcome: "served", path: "queued" }, launches);
    gateway.launches.inc({ ...pool, outcome: "queue_full", path: "" }, launches);
    gateway.worker503.inc({ ...pool, reason: "at_capacity" }, launches);
    gateway.startupSeconds.observe({ labels: { ...pool, path: "queued" }, value: 3.2 });
  };
  count(0);
  const nowMs = Date.now();
  const newest = async () => (await history().between('avatars/a "pool"', nowMs - 300_000, Date.now() + 60_000))?.samples.at(-1);
  const levels = { sessions: 5, slots: 10, warmSlots: 4, warmWanted: 2, replicas: 6, queued: 1 };
  await expect.poll(newest, { timeout: LIMIT_MS }).toMatchObject({ ...levels, launches: 0, refused: 0, waited: 0 });
  // Prometheus sees only the increase between two scrapes in the same step, and extrapolates it to the whole step.
  // Launches go on, because a step may end between any two scrapes.
  let newestSample: Awaited<ReturnType<typeof newest>>;
  await until("the counters", LIMIT_MS, async () => {
    count(20);
    newestSample = await newest();
    const { launches = 0, refused = 0, waited = 0, worker503 = 0 } = newestSample ?? {};
    return [launches / 2, refused, waited, worker503].every((value) => value >= 20);
  });
  const { startupP95Ms = 0, ...sample } = newestSample ?? {};
  expect(sample).toMatchObject(levels);
  expect(startupP95Ms, "the bucket of 3.2 s").toBeGreaterThan(2_000);
  expect(startupP95Ms).toBeLessThanOrEqual(5_000);
});

it("has no samples for a time that was not scraped, and nothing if Prometheus does not respond", async () => {
  const dayMs = 24 * 3_600_000;
  const nowMs = Date.now();
  expect(await history().between("avatars/none", nowMs - 20 * dayMs, nowMs)).toEqual({ stepMs: 3_060_000, samples: [] });
  const away = new PrometheusHistory({ url: "http://127.0.0.1:9", logger: createLogger("test", "silent") });
  expect(await away.between("avatars/none", nowMs - dayMs, nowMs)).toBeUndefined();
});
