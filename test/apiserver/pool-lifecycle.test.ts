import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { FIELD_MANAGER } from "../../operator/api/names.ts";
import { type Deployment, gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** The lifecycle of a pool, with operator, gateway and workers as a user runs them. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

describe.concurrent("a pool", () => {
  it("rolls out a new image without ending a running session", async () => {
    const scenario = await stage.scenario("rollout");
    // A rollout waits this long for session starts on its first new worker.
    const coldStart = "2s";
    await scenario.readyPool({ workers: [gpuGroup({ coldStart })] });
    const [busy] = await scenario.sessions(1);
    await scenario.pool({ workers: [gpuGroup({ coldStart, image: "registry.test/expression:new" })] });
    await scenario.until("a Ready worker with the new image while the old worker drains", async () => {
      const members = await scenario.pods();
      const old = members.find(({ metadata }) => metadata?.name === busy);
      return (
        old?.metadata?.deletionTimestamp !== undefined &&
        members.some(
          ({ spec, status }) =>
            spec?.containers[0]?.image === "registry.test/expression:new" &&
            status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
        )
      );
    });
    // The gateway's watch may lag.
    const statuses: number[] = [];
    await scenario.until("launches to reach the new worker", async () => {
      const { status, worker } = await scenario.launch({ room: randomUUID() });
      statuses.push(status);
      return worker !== busy;
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
    await scenario.until(
      "the status to report one draining worker",
      async () => (await scenario.status()).groups?.[0]?.draining === 1,
    );
    scenario.endSessions(busy);
    await scenario.until("the old worker to be removed", async () => !(await scenario.podNames()).includes(busy!));
    expect(scenario.kills()).toEqual([]);
  });

  it("keeps its size while it is paused, and serves with its workers", async () => {
    const scenario = await stage.scenario("paused");
    await scenario.readyPool({ launch: { queue: { deadline: "1s" } } });
    await scenario.pool({ launch: { queue: { deadline: "1s" } }, scaling: { paused: true } });
    await scenario.condition("Paused", { status: "True", message: /groups keep their size until scaling.paused is false/ });
    await scenario.sessions(2);
    expect(await scenario.launch({ room: "too-many" })).toMatchObject({
      status: 503,
      body: { error: { code: "deadline_exceeded" } },
    });
    expect(await scenario.replicas()).toBe(1);
    await scenario.pool({ scaling: { paused: false } });
    await scenario.until("a second worker", async () => (await scenario.replicas()) === 2);
  });

  it("drains and removes a group that was removed from the spec", async () => {
    const scenario = await stage.scenario("retired");
    const groups = [gpuGroup({ min: 1 }), gpuGroup({ name: "spare", min: 1 })];
    await scenario.readyPool({ workers: groups });
    const [busy] = await scenario.sessions(1);
    const group = busy?.startsWith("pool-gpu") ? "gpu" : "spare";
    await scenario.pool({ workers: [gpuGroup({ name: group === "gpu" ? "spare" : "gpu", min: 1 })] });
    await scenario.until("a cordon on the worker", async () => (await scenario.cordonedPods()).includes(busy!));
    await scenario.event("Draining", /no new launches, and removal once their sessions have ended/);
    const next = await scenario.launch({ room: "elsewhere" });
    expect([next.status, next.worker === busy]).toEqual([200, false]);
    expect(await scenario.replicas(group)).toBe(1);
    scenario.endSessions(busy);
    await scenario.until("the Deployment to be removed", async () => (await scenario.deployment(group)) === undefined);
    expect(scenario.kills()).toEqual([]);
  });
});

describe.concurrent("a deleted pool", () => {
  it("accepts no launches, waits for its sessions, and then removes all its objects", async () => {
    const scenario = await stage.scenario("deleted");
    await scenario.readyPool();
    await scenario.sessions(2);
    await scenario.deletePool();
    await scenario.condition("Ready", { status: "False", reason: "Deleting", message: /waiting for 2 sessions on \d worker/ });
    const refused = await scenario.launch({ room: "late" });
    expect([refused.status, refused.body.error?.code]).toEqual([410, "pool_deleting"]);
    expect(scenario.activeSessions()).toBe(2);
    scenario.endSessions();
    await scenario.until("pool, Deployment and pods to be removed", async () => {
      const left = [await scenario.getPool(), await scenario.deployment(), ...(await scenario.pods())];
      return left.every((object) => object === undefined);
    });
    expect((await scenario.launch({ room: "later" })).status).toBe(404);
    expect(scenario.kills()).toEqual([]);
  });

  it.each([
    ["the scheduler finds no node", "unschedulable", { nodeSelector: { "gpu-type": "none" } }, "Unschedulable"],
    ["the image cannot be pulled", "unpullable", { image: "registry.test/does-not-exist:1" }, "WorkerFailing"],
  ])("is removed at once if no worker has started because %s", async (_why, namespace, group, reason) => {
    const scenario = await stage.scenario(namespace);
    await scenario.pool({ workers: [gpuGroup(group)] });
    await scenario.condition("Ready", { status: "False", reason });
    await scenario.deletePool();
    await scenario.until("the pool and its pods to be removed", async () => {
      return (await scenario.getPool()) === undefined && (await scenario.pods()).length === 0;
    });
  });

  it("ends running sessions at drain.timeout, with an event", async () => {
    const scenario = await stage.scenario("timeout");
    await scenario.readyPool({ workers: [gpuGroup({ drain: { timeout: "2s" } })] });
    const [busy] = await scenario.sessions(1);
    await scenario.deletePool();
    await scenario.event("DrainTimeout", new RegExp(`drain.timeout has expired: removing .*${busy}.* ending their sessions`));
    await scenario.until("the pool and its pods to be removed", async () => {
      return (await scenario.getPool()) === undefined && (await scenario.pods()).length === 0;
    });
    expect(scenario.kills()).toHaveLength(1);
  });
});

describe.concurrent("a pool whose objects a user changes or deletes", () => {
  it("restores its Deployment and size when a user scales or deletes it, and its sessions continue", async () => {
    const scenario = await stage.scenario("touched");
    await scenario.readyPool();
    const [busy] = await scenario.sessions(1);
    await scenario.kubectl(["scale", "deployment", "pool-gpu", "--replicas=3"]);
    await scenario.until("the operator to restore the size", async () => (await scenario.replicas()) === 1);
    const uid = (await scenario.deployment())?.metadata?.uid;
    await scenario.kubectl(["delete", "deployment", "pool-gpu", "--wait=false"]);
    await scenario.until("a new Deployment", async () => ![uid, undefined].includes((await scenario.deployment())?.metadata?.uid));
    await scenario.until("another worker to serve", async () => {
      const { status, worker } = await scenario.launch({ room: "elsewhere" });
      return status === 200 && worker !== busy;
    });
    expect(scenario.workers().find(({ pod }) => pod.name === busy)?.tasks).toContainEqual(
      expect.objectContaining({ state: "running" }),
    );
    expect(scenario.kills()).toEqual([]);
  });

  it("does not block the deletion of its namespace", async () => {
    const scenario = await stage.scenario("going");
    await scenario.readyPool();
    await scenario.kubectl(["delete", "namespace", "going", "--wait=false"]);
    await scenario.until("the pool and its pods to be removed", async () => {
      return (await scenario.getPool()) === undefined && (await scenario.pods()).length === 0;
    });
    expect(await scenario.deployment()).toBeUndefined();
  });
});

describe.concurrent("a Deployment that has a group's name but does not belong to the pool", () => {
  /** Creates a Deployment. Resolves once Kubernetes itself changes it no further. */
  async function create(scenario: Scenario, manifest: object): Promise<Deployment | undefined> {
    await scenario.kubectl(["create", "-f", "-"], stringify(manifest));
    await scenario.until("the Deployment controller to observe it", async () => {
      return (await scenario.deployment())?.status?.observedGeneration === 1;
    });
    return scenario.deployment();
  }

  /** Fields that change with every write of AvatarPool. */
  const traces = ({ metadata }: Deployment = {}) => ({
    uid: metadata?.uid,
    generation: metadata?.generation,
    labels: metadata?.labels,
    owners: metadata?.ownerReferences,
    ours: metadata?.managedFields?.some(({ manager }) => manager === FIELD_MANAGER),
  });

  it("is left unchanged, and the pool reports the remedy", async () => {
    const scenario = await stage.scenario("foreign");
    const matchLabels = { app: "somebody-else" };
    const template = { metadata: { labels: matchLabels }, spec: { containers: [{ name: "web", image: "registry.test/web:1" }] } };
    const spec = { replicas: 0, selector: { matchLabels }, template };
    const before = await create(scenario, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "pool-gpu" }, spec });
    await scenario.pool();
    const message = await scenario.condition("Ready", { status: "False", reason: "NameTaken" });
    expect(message).toMatch(/^Deployment foreign\/pool-gpu exists and belongs to no pool: delete it, or rename/);
    expect((await scenario.launch({ fields: { avatar_id: "nobody" } })).status).toBe(404);
    await scenario.deletePool();
    await scenario.until("the pool to be removed", async () => (await scenario.getPool()) === undefined);
    expect(traces(await scenario.deployment())).toEqual({ ...traces(before), ours: false });
  });

  it("is also left unchanged if it belongs to an earlier pool of the same name, and is replaced once it is deleted", async () => {
    const scenario = await stage.scenario("orphan");
    await scenario.readyPool();
    const { metadata, spec } = (await scenario.deployment()) ?? {};
    await scenario.deletePool();
    await scenario.until("the first pool's Deployment to be removed", async () => (await scenario.deployment()) === undefined);
    await scenario.until("the first pool to be removed", async () => (await scenario.getPool()) === undefined);
    const kept = { name: metadata?.name, labels: metadata?.labels };
    const orphan = await create(scenario, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: kept,
      spec: { ...spec, replicas: 0 },
    });
    await scenario.pool();
    await scenario.condition("Ready", { status: "False", reason: "NameTaken", message: /delete it, or rename the pool/ });
    expect(traces(await scenario.deployment())).toEqual({ ...traces(orphan), ours: false });
    await scenario.kubectl(["delete", "deployment", "pool-gpu"]);
    await scenario.condition("Ready", { status: "True" });
  });
});

describe.concurrent("a PodDisruptionBudget that has the budget's name but does not belong to the pool", () => {
  it("is left unchanged and reported by a condition and one event, and is replaced once it is deleted", async () => {
    const scenario = await stage.scenario("foreign-budget");
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "somebody-else" } } };
    const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "pool-protected" }, spec };
    await scenario.kubectl(["create", "-f", "-"], stringify(budget));
    await scenario.pool();
    const message = await scenario.condition("Ready", { status: "False", reason: "NameTaken" });
    expect(message).toMatch(
      /^PodDisruptionBudget foreign-budget\/pool-protected exists and does not belong to the pool: delete it/,
    );
    await scenario.event("NameTaken", /pool-protected/);
    const managers = () =>
      scenario.kubectl([
        "get",
        "pdb",
        "pool-protected",
        "--show-managed-fields",
        "-o=jsonpath={.metadata.managedFields[*].manager}",
      ]);
    await scenario.until("a ready worker", async () => (await scenario.status()).groups?.[0]?.ready === 1);
    expect(await managers()).not.toContain(FIELD_MANAGER);
    expect(await scenario.events("NameTaken")).toHaveLength(1);
    await scenario.kubectl(["delete", "pdb", "pool-protected"]);
    await scenario.condition("Ready", { status: "True" });
    expect(await managers()).toContain(FIELD_MANAGER);
  });
});

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/** The client's type names `from` differently. */
interface NetworkPolicy {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly {
      readonly from?: readonly { readonly namespaceSelector: Selector; readonly podSelector: Selector }[];
    }[];
  };
}

describe.concurrent("the NetworkPolicy of workers", () => {
  it("admits only the release's gateways and operator, follows the pool, and ends with the opt-out or the pool", async () => {
    const scenario = await stage.scenario("network-policy");
    const policy = async (): Promise<NetworkPolicy | undefined> => {
      const text = await scenario.kubectl(["get", "networkpolicy", "pool-workers", "--ignore-not-found", "-o=json"]);
      return text === "" ? undefined : JSON.parse(text);
    };
    const ingress = async () => JSON.stringify((await policy())?.spec.ingress);
    await scenario.readyPool({ workers: [gpuGroup({ min: 1 })] });
    await scenario.until("the policy", async () => (await policy()) !== undefined);
    const { podSelector, policyTypes, ingress: [rule, ...more] = [] } = (await policy())?.spec ?? {};
    expect([policyTypes, more, Object.keys(rule ?? {})]).toEqual([["Ingress"], [], ["from"]]);
    expect(await labelled(scenario.namespace, podSelector?.matchLabels)).toHaveLength(1);
    const peers = rule?.from?.map(({ namespaceSelector, podSelector }) => [namespaceSelector, podSelector?.matchLabels]);
    const home = { matchLabels: { "kubernetes.io/metadata.name": "avatarpool" } };
    expect(peers).toEqual(
      ["operator", "gateway"].map((component) => [
        home,
        {
          "app.kubernetes.io/name": "avatarpool",
          "app.kubernetes.io/instance": "avatarpool",
          "app.kubernetes.io/component": component,
        },
      ]),
    );

    const closed = await ingress();
    await scenario.kubectl(["patch", "networkpolicy", "pool-workers", "--type=merge", '--patch={"spec":{"ingress":[{}]}}']);
    await scenario.until("the operator to close the workers again", async () => (await ingress()) === closed);

    const networkPolicy = (egress: object) => ({ workers: [gpuGroup({ min: 1 })], networkPolicy: { egress: [egress] } });
    await scenario.pool(networkPolicy({ to: [{ ipBlock: { cidr: "nowhere" } }] }));
    const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
    expect(message).toMatch(
      /NetworkPolicy network-policy\/pool-workers .*"nowhere".*: correct this field in networkPolicy of the pool/,
    );
    await scenario.pool(networkPolicy({ to: [{ podSelector: { matchLabels: {} } }] }));
    await scenario.condition("Ready", { status: "True" });
    expect((await policy())?.spec).toMatchObject({ policyTypes: ["Ingress", "Egress"], egress: [{ to: [{ podSelector: {} }] }] });

    await scenario.pool({ networkPolicy: { enabled: false } });
    await scenario.until("the policy to be removed", async () => (await policy()) === undefined);
    await scenario.pool();
    await scenario.until("the policy to be written again", async () => (await policy()) !== undefined);
    await scenario.deletePool();
    await scenario.until("the policy to be removed with the pool", async () => (await policy()) === undefined);
  });

  async function labelled(namespace: string, matchLabels: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    const selector = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
    const args = ["get", "pods", `--namespace=${namespace}`, `--selector=${selector.join()}`, "-o=name"];
    return (await stage.plane.kubectl(args)).stdout.trim().split("\n");
  }
});
