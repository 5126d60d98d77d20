import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { FINALIZER } from "../api/names.ts";
import type { KubeClient, KubeList, ListOptions } from "../kube/client.ts";
import { KubeError } from "../kube/errors.ts";
import { deployments, leases, pods } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../kube/types.ts";
import { createLogger } from "../telemetry/logger.ts";
import { releasePools } from "./release-pools.ts";
import { stopOperator } from "./stop-operator.ts";

const operator = { namespace: "avatarpool", name: "avatarpool-operator" };
const logger = createLogger("test", "silent");
const refused = (status: number, reason: string) => new KubeError(reason, { status, reason });

/** Objects by kind and key. A merge patch changes the finalizers and a Deployment's replicas, as in an API server. */
class Api implements Pick<KubeClient, "get" | "list" | "mergePatch"> {
  readonly objects = new Map<string, KubeObject & { readonly spec?: object }>();
  readonly patches: string[] = [];
  /** Errors of the next calls. */
  readonly listErrors = new Map<string, KubeError>();
  conflicts = 0;

  put(type: ResourceType, object: KubeObject & { readonly spec?: object }): void {
    this.objects.set(`${type.plural} ${keyOf(object.metadata ?? {})}`, object);
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> {
    return this.objects.get(`${type.plural} ${keyOf(ref)}`) as T | undefined;
  }

  async list<T extends KubeObject>(type: ResourceType, { namespace }: ListOptions = {}): Promise<KubeList<T>> {
    const error = this.listErrors.get(namespace ?? "");
    if (error !== undefined) throw error;
    const found = [...this.objects].filter(
      ([key, { metadata }]) => key.startsWith(`${type.plural} `) && (namespace === undefined || metadata?.namespace === namespace),
    );
    return { items: found.map(([, object]) => object as T), resourceVersion: "1" };
  }

  async mergePatch<T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: unknown): Promise<T> {
    const { metadata, spec } = patch as KubeObject & { readonly spec?: object };
    if (this.conflicts-- > 0) throw refused(409, "Conflict");
    const before = this.objects.get(`${type.plural} ${keyOf(ref)}`);
    this.put(type, { metadata: { ...before?.metadata, ...metadata }, spec: { ...before?.spec, ...spec } });
    this.patches.push(`${type.plural} ${keyOf(ref)}`);
    return {} as T;
  }
}

let api: Api;
let clock: FakeClock;
beforeEach(() => {
  api = new Api();
  clock = new FakeClock();
});

describe("releasePools", () => {
  const pool = (namespace: string, name: string, finalizers: string[]) =>
    api.objects.set(`avatarpools ${namespace}/${name}`, { metadata: { namespace, name, resourceVersion: "7", finalizers } });
  const finalizersOf = (key: string) => api.objects.get(`avatarpools ${key}`)?.metadata?.finalizers;

  it("removes the operator's finalizer and no other, and can be repeated", async () => {
    pool("a", "one", ["example.com/other", FINALIZER]);
    pool("b", "two", [FINALIZER]);
    pool("b", "three", []);
    expect(await releasePools({ client: api, logger }, [])).toBe(2);
    expect(finalizersOf("a/one")).toEqual(["example.com/other"]);
    expect(finalizersOf("b/two")).toEqual([]);
    expect(await releasePools({ client: api, logger }, [])).toBe(0);
    expect(api.patches).toHaveLength(2);
  });

  it("leaves pools in namespaces of other releases unchanged, and skips a deleted namespace", async () => {
    pool("a", "one", [FINALIZER]);
    pool("b", "two", [FINALIZER]);
    api.listErrors.set("gone", refused(403, "Forbidden"));
    expect(await releasePools({ client: api, logger }, ["gone", "a"])).toBe(1);
    expect(finalizersOf("b/two")).toEqual([FINALIZER]);
  });

  it("has nothing to do without the CRD", async () => {
    api.listErrors.set("", refused(404, "NotFound"));
    expect(await releasePools({ client: api, logger }, [])).toBe(0);
  });

  it("reads a pool again that has changed meanwhile", async () => {
    pool("a", "one", [FINALIZER]);
    api.conflicts = 2;
    expect(await releasePools({ client: api, logger }, [])).toBe(1);
    expect(finalizersOf("a/one")).toEqual([]);
  });

  it("fails if it may not list any pool", async () => {
    api.listErrors.set("", refused(403, "Forbidden"));
    await expect(releasePools({ client: api, logger }, [])).rejects.toThrow("Forbidden");
  });
});

describe("stopOperator", () => {
  const metadata = { ...operator, resourceVersion: "1" };
  const deploy = () => api.put(deployments, { metadata, spec: { replicas: 2, selector: { matchLabels: { app: "x" } } } });
  const lease = (holderIdentity: string, resourceVersion = "1") =>
    api.put(leases, { metadata: { ...metadata, resourceVersion }, spec: { holderIdentity, leaseDurationSeconds: 15 } });
  const runPod = () => api.put(pods, { metadata: { namespace: operator.namespace, name: "operator-0" } });

  function stop() {
    const state = { outcome: "waiting" };
    const settle = (outcome: string) => {
      state.outcome = outcome;
    };
    void stopOperator({ client: api, clock, logger }, operator).then(
      () => settle("stopped"),
      (error: unknown) => settle(String(error)),
    );
    return state;
  }

  it("scales the Deployment to zero, and waits for its pods and for the Lease", async () => {
    deploy();
    runPod();
    lease("operator-0");
    const state = stop();
    await clock.advance(3_000);
    expect(api.patches).toEqual(["deployments avatarpool/avatarpool-operator"]);
    api.objects.delete("pods avatarpool/operator-0");
    await clock.advance(3_000);
    expect(state.outcome).toBe("waiting");
    lease("");
    await clock.advance(1_000);
    expect(state.outcome).toBe("stopped");
  });

  it("ends at once if no operator was installed", async () => {
    const state = stop();
    await clock.advance(0);
    expect(state.outcome).toBe("stopped");
  });

  it("does not wait for the holder of a Lease that has expired", async () => {
    lease("killed");
    const state = stop();
    await clock.advance(14_000);
    expect(state.outcome).toBe("waiting");
    await clock.advance(3_000);
    expect(state.outcome).toBe("stopped");
  });

  it("names the pods or the operator that do not stop", async () => {
    deploy();
    runPod();
    const pending = stop();
    await clock.advance(95_000);
    expect(pending.outcome).toMatch(/within 90 s: pods operator-0 of Deployment .* still run; delete them/);

    api.objects.delete("pods avatarpool/operator-0");
    const led = stop();
    for (let second = 0; second < 95; second += 1) {
      lease("elsewhere", String(second));
      await clock.advance(1_000);
    }
    expect(led.outcome).toMatch(/operator elsewhere still holds Lease .*; stop that operator/);
  });
});
