import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { KubeClient } from "../../operator/kube/client.ts";
import { loadKubeConfig } from "../../operator/kube/config.ts";
import { Informer } from "../../operator/kube/informer.ts";
import { type KubeObject, keyOf, type ResourceType } from "../../operator/kube/types.ts";
import { systemClock } from "../../operator/runtime/clock.ts";
import { Controller } from "../../operator/runtime/controller.ts";
import { awaitChange } from "../../operator/runtime/outcome.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { type ControlPlane, startControlPlane, until } from "../support/controlplane/index.ts";
import { expiredEvent, FaultProxy, isList, isWatch } from "../support/faults.ts";

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

const configMaps: ResourceType = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" };
const quiet = createLogger("test", "silent");
const limitMs = 40_000;

let plane: ControlPlane;
/** A client without the proxy, for the server's actual state. */
let direct: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  direct = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "runtime-test" });
});
afterAll(async () => {
  await direct?.close();
  await plane?.stop();
});

function configMap(namespace: string, name: string, value: string): ConfigMap {
  return { metadata: { namespace, name }, data: { value } };
}

async function makeNamespace(name: string): Promise<void> {
  await direct.create({ group: "", version: "v1", kind: "Namespace", plural: "namespaces" }, { metadata: { name } });
}

async function putAll(namespace: string, values: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.entries(values);
  const put = async () => {
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      await direct.apply(configMaps, configMap(namespace, ...entry));
    }
  };
  await Promise.all(Array.from({ length: 16 }, put));
}

/** Starts an informer of one namespace's ConfigMaps, behind its own proxy. */
async function watchNamespace(namespace: string) {
  const proxy = await FaultProxy.start(plane.kubeconfig);
  const client = new KubeClient(proxy.config, { userAgent: "informer" });
  const causes: string[] = [];
  const informer = new Informer<string>({
    client,
    type: configMaps,
    namespaces: [namespace],
    transform: (raw: ConfigMap) => raw.data?.value ?? "",
    clock: systemClock,
    random: Math.random,
    logger: quiet,
    onRestart: (cause) => causes.push(cause),
  });
  const stop = new AbortController();
  const ended = informer.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    await client.close();
    await proxy[Symbol.asyncDispose]();
  });

  /** Resolves when the store equals the server's state. */
  const agrees = async () => {
    let server: unknown;
    let store: unknown;
    const same = async () => {
      const { items } = await direct.list<ConfigMap>(configMaps, { namespace });
      server = Object.fromEntries(items.map((item) => [item.metadata?.name, item.data?.value]));
      const pairs = items.map(({ metadata = {} }) => [metadata.name, informer.store.get(keyOf(metadata))]);
      store = Object.fromEntries(pairs);
      return informer.store.size === items.length && JSON.stringify(server) === JSON.stringify(store);
    };
    await until(`the store of ${namespace} to agree with the server`, limitMs, same).catch(() => expect(store).toEqual(server));
  };
  return { proxy, client, informer, causes, agrees };
}

describe("an informer on a real API server", () => {
  beforeAll(async () => {
    for (const name of ["pages", "cuts", "gone", "restart", "throttled", "slow", "storm", "mirror"]) await makeNamespace(name);
  });

  it("lists in pages of 100 and then watches", async () => {
    await putAll("pages", Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`c${i}`, `v${i}`])));
    const { proxy, informer, agrees } = await watchNamespace("pages");
    await informer.whenSynced();
    await agrees();
    expect(proxy.requests.filter(isList).map(({ url }) => /limit=(\d+)/.exec(url)?.[1])).toEqual(["100", "100", "100"]);
    await putAll("pages", { c7: "changed" });
    await direct.delete(configMaps, { namespace: "pages", name: "c8" });
    await agrees();
    expect(proxy.count(isList)).toBe(3);
  });

  it("misses no change when its connection is closed, also in the middle of an event", async () => {
    const { proxy, causes, informer, agrees } = await watchNamespace("cuts");
    await informer.whenSynced();
    await until("the watch to be open", limitMs, async () => proxy.count(isWatch) === 1);
    for (let round = 0; round < 4; round++) {
      if (round % 2 === 0) proxy.cutWatchesMidEvent();
      await putAll("cuts", { a: `a${round}`, [`b${round}`]: "b" });
      if (round % 2 === 1) proxy.cutAll();
      if (round > 0) await direct.delete(configMaps, { namespace: "cuts", name: `b${round - 1}` });
      await agrees();
    }
    expect(causes.length).toBeGreaterThanOrEqual(3);
    expect(proxy.count(isList), "a closed connection must not cause a list").toBe(1);
  });

  it("lists again after a 410 and observes the deletions before that list", async () => {
    await putAll("gone", { a: "1", b: "1", c: "1" });
    const { proxy, causes, agrees } = await watchNamespace("gone");
    await agrees();
    proxy.inject({ when: isWatch, answer: { status: 200, body: expiredEvent } });
    proxy.inject({ when: isWatch, answer: { status: 410, body: expiredEvent.object } });
    proxy.unreachable = true;
    proxy.cutAll();
    await direct.delete(configMaps, { namespace: "gone", name: "a" });
    await putAll("gone", { b: "2", d: "1" });
    proxy.unreachable = false;
    await until("the third list", limitMs, async () => proxy.count(isList) === 3);
    await agrees();
    expect(causes.filter((cause) => cause === "gone")).toHaveLength(2);
  });

  it("survives a restart of the API server, with changes that its new watch cache does not contain", async () => {
    await putAll("restart", { a: "1", b: "1" });
    const { proxy, causes, agrees } = await watchNamespace("restart");
    await agrees();
    proxy.unreachable = true;
    proxy.cutAll();
    await putAll("restart", { b: "2", c: "1" });
    await direct.delete(configMaps, { namespace: "restart", name: "a" });
    await plane.stopApiServer();
    proxy.unreachable = false;
    await plane.startApiServer();
    await agrees();
    await putAll("restart", { d: "1" });
    await agrees();
    expect(causes).toContain("cut");
    expect(causes, "the API server itself must return 410").toContain("gone");
  });

  it("respects Retry-After of a 429, for lists and watches", async () => {
    const body = { kind: "Status", code: 429, reason: "TooManyRequests", message: "too many requests" };
    const answer = { status: 429, headers: { "retry-after": "1" }, body };
    await putAll("throttled", { a: "1" });
    const startMs = performance.now();
    const { proxy, causes, informer, agrees } = await watchNamespace("throttled");
    proxy.inject({ when: isList, answer });
    proxy.inject({ when: isWatch, answer });
    await informer.whenSynced();
    expect(performance.now() - startMs).toBeGreaterThan(1_000);
    await until("a throttled watch", limitMs, async () => causes.includes("throttled"));
    const refusedMs = performance.now();
    await putAll("throttled", { b: "1" });
    await agrees();
    expect(performance.now() - refusedMs).toBeGreaterThan(950);
    expect(proxy.count(isWatch)).toBe(2);
  });

  it("shows a consistent state, even if objects change between slow pages", async () => {
    await putAll("slow", Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`c${1000 + i}`, "old"])));
    const { proxy, informer, agrees } = await watchNamespace("slow");
    proxy.inject({ when: isList, times: 3, delayMs: 400 });
    await until("the request for the second page", limitMs, async () => proxy.count(isList) === 2);
    expect(informer.store.size).toBe(0);
    await direct.delete(configMaps, { namespace: "slow", name: "c1000" });
    await direct.delete(configMaps, { namespace: "slow", name: "c2000" });
    await putAll("slow", { c1001: "new", z: "new" });
    await informer.whenSynced();
    await agrees();
    expect(informer.store.size).toBe(1_000);
  });

  it("agrees with the server after many changes and faults", async () => {
    const { proxy, informer, agrees } = await watchNamespace("storm");
    await informer.whenSynced();
    const faults = [
      () => proxy.cutAll(),
      () => proxy.cutWatchesMidEvent(),
      () => proxy.inject({ when: isWatch, answer: { status: 200, body: expiredEvent } }),
      () => proxy.inject({ when: isList, answer: { status: 500, body: "oops" } }),
      () => proxy.inject({ when: isWatch, answer: { status: 200, body: "no event" } }),
      () => proxy.inject({ when: isList, delayMs: 200 }),
    ];
    for (let step = 0; step < 90; step++) {
      const name = `c${(step * 7) % 13}`;
      if (step % 3 === 2) await direct.delete(configMaps, { namespace: "storm", name });
      else await putAll("storm", { [name]: `v${step}` });
      if (step % 5 === 0) faults[(step / 5) % faults.length]?.();
    }
    await agrees();
  });

  it("feeds a controller that reaches the desired state and then writes nothing", async () => {
    const { client, informer, proxy } = await watchNamespace("mirror");
    let writes = 0;
    let reconciles = 0;
    const mirrorOf = (name: string) => ({ namespace: "mirror", name: `${name}-mirror` });
    const controller = new Controller({
      name: "mirror",
      concurrency: 2,
      clock: systemClock,
      random: Math.random,
      logger: quiet,
      async reconcile(key) {
        reconciles++;
        const value = informer.store.get(key);
        const mirror = mirrorOf(key.split("/")[1] ?? "");
        if (value === informer.store.get(keyOf(mirror))) return awaitChange;
        writes++;
        if (value === undefined) await client.delete(configMaps, mirror);
        else await client.apply(configMaps, { ...configMap("mirror", mirror.name, value) });
        return awaitChange;
      },
    });
    informer.onChange((key) => controller.enqueue(key.replace(/-mirror$/, "")));
    const stop = new AbortController();
    await informer.whenSynced();
    const ended = controller.run(stop.signal);

    await putAll("mirror", { a: "1", b: "1", c: "1" });
    proxy.inject({ when: ({ method }) => method === "PATCH", answer: { status: 500, body: "oops" } });
    await direct.delete(configMaps, { namespace: "mirror", name: "b" });
    proxy.cutAll();
    await putAll("mirror", { a: "2" });
    await until("the mirrors to agree", limitMs, async () => {
      const values = [...["a", "b", "c"].map((name) => informer.store.get(keyOf(mirrorOf(name))))];
      return JSON.stringify(values) === JSON.stringify(["2", undefined, "1"]);
    });
    const settled = writes;
    const before = reconciles;
    for (const key of ["mirror/a", "mirror/b", "mirror/c"]) controller.enqueue(key);
    await until("three more reconciles", limitMs, async () => reconciles >= before + 3);
    stop.abort();
    await ended;
    expect(writes).toBe(settled);
  });
});
