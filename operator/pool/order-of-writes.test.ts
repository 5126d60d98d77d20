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
  type WorldChange,
  world,
} from "../../test/support/pools.ts";
import { RecordingClient } from "../../test/support/recording-client.ts";
import type { Store } from "../kube/store.ts";
import { IndexedStore } from "../kube/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createRegistry } from "../telemetry/metrics.ts";
import { operatorMetrics } from "../telemetry/operator-metrics.ts";
import { poolControllers } from "./controllers.ts";
import type { PoolView } from "./views.ts";

const KEY = "avatars/support";

/** The pool's controllers. Requests and workers that match a pattern do not answer until the test ends. */
async function operator(view: PoolView, change: WorldChange, hangs: RegExp = /$^/) {
  const clock = new FakeClock(NOW_MS);
  const client = new RecordingClient();
  const { apiSecretRef, namespace } = view.config;
  const data = { [apiSecretRef.key]: Buffer.from("value").toString("base64") };
  client.put("secrets", { namespace, name: apiSecretRef.name }, { data });
  const requests: string[] = [];
  const request = async (verb: string, { plural }: { plural: string }, { name = "" }: { name?: string } = {}) => {
    const line = `${verb} ${plural}/${name}`;
    requests.push(line);
    if (hangs.test(line)) await new Promise(() => {});
  };
  const hanging = Object.assign(Object.create(client) as RecordingClient, {
    get: async (type: never, ref: never) => request("get", type, ref).then(() => client.get(type, ref)),
    apply: async (type: never, object: { metadata: never }, options: never) =>
      request("apply", type, object.metadata).then(() => client.apply(type, object, options)),
  });
  const pools = new IndexedStore<PoolView>();
  pools.set(KEY, view, "1");
  const seen = world(view.config, change);
  const watched = <T>(store: Store<T>) => ({ store, onChange: () => () => {} });
  const controllers = poolControllers({
    client: hanging,
    events: { list: async () => ({ items: [], resourceVersion: "1" }) },
    pools: watched(pools),
    deployments: watched(seen.deployments),
    replicaSets: watched(seen.replicaSets),
    pods: watched(seen.pods),
    hub: seen.hub,
    workers: {
      call: () => Promise.reject(new Error("unexpected warm-up")),
      isEmpty: async (origin) => {
        requests.push(`ask ${origin}`);
        if (hangs.test(`ask ${origin}`)) await new Promise(() => {});
        return true;
      },
    },
    sidecarImage: seen.sidecarImage,
    record: () => {},
    metrics: operatorMetrics(createRegistry({ process: false })),
    clock,
    random: () => 1,
    logger: createLogger("operator", "silent"),
  });
  void controllers.run(new AbortController().signal);
  const reconcile = async () => {
    controllers.enqueue(KEY);
    await clock.advance(200);
  };
  await reconcile();
  return { client, requests, seen, reconcile };
}

const presets = [
  { name: "maya", image: { url: "https://example.com/maya.jpg" } },
  { name: "leo", image: { url: "https://example.com/leo.jpg" } },
];
/** Each group serves its own preset. */
const groups = [
  { ...gpuGroup, presets: ["maya"] },
  { ...gpuGroup, name: "more", presets: ["leo"] },
];
const two = pool({ presets, workers: groups, warm: { slots: 1 }, scaling: { scaleDownAfter: "0s" } });
const victim = {
  pods: [pod("a"), pod("b", { cordonedAtMs: 1, status: { podIP: "10.0.0.2" } })],
  deployments: [deployment("gpu", { replicas: 2 })],
};
const index = (requests: readonly string[], line: string | RegExp) =>
  requests.findIndex((each) => (typeof line === "string" ? each === line : line.test(each)));

describe("the order of a reconcile's requests", () => {
  it("grows a group while victims of another are verified", async () => {
    const { requests } = await operator(two, victim, /^ask/);
    expect(requests).toContainEqual(expect.stringMatching(/^ask /));
    expect(requests).toContain("apply deployments/support-more");
  });

  it("grows a group for launches that arrive while victims of another are verified", async () => {
    const settled = { ...victim, deployments: [...victim.deployments, deployment("more", { replicas: 1 })] };
    const pods = [...victim.pods, pod("m", { group: "more" })];
    const { client, seen, reconcile } = await operator(two, { ...settled, pods }, /^ask/);
    client.take();
    seen.hub.accept("http://gateway", report("g", [load({ queued: { leo: 6 } })], false), NOW_MS);
    await reconcile();
    const grown = client.writes.filter(({ name }) => name === "support-more").at(-1);
    expect(grown?.sent).toMatchObject({ spec: { replicas: 4 } });
  });

  it("writes groups concurrently", async () => {
    const { requests } = await operator(two, { deployments: [] }, /support-gpu/);
    expect(requests).toContain("apply deployments/support-more");
  });

  it("writes the size of a group that grows before the marks of any group", async () => {
    const pods = [
      ...Array.from({ length: 40 }, (_, nth) => pod(`p${nth}`, { protected: true })),
      pod("m", { group: "more", cordonedAtMs: 1 }),
    ];
    const large = pool({ presets, workers: groups.map((group) => ({ ...group, max: 50 })), scaling: { paused: false } });
    const { requests } = await operator(large, {
      pods,
      sessions: Object.fromEntries(pods.map(({ name }) => [name, 2])),
      queued: { leo: 4 },
    });
    const grown = index(requests, "apply deployments/support-more");
    expect(grown).toBeGreaterThanOrEqual(0);
    expect(index(requests, /^apply pods\//)).toBeGreaterThan(grown);
  });

  it("reads Secrets and the forecast concurrently", async () => {
    const spec = {
      ...gpuOnly,
      launch: { auth: { secretRef: { name: "clients" } } },
      livekit: { url: "wss://x", apiKeyRef: { name: "livekit" } },
    };
    const { requests } = await operator(pool(spec), {}, /^get/);
    const read = ["get secrets/maker", "get secrets/clients", "get secrets/livekit", "get configmaps/support-learned"];
    expect([...requests].sort()).toEqual(read.sort());
  });
});
