import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ControlPlane } from "../support/controlplane/index.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../support/livekit/server.ts";
import { PodRunner } from "../support/product/pod-runner.ts";
import type { GatewayProcess } from "../support/product/product.ts";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";
import { poolObject } from "../support/scenario/pool-object.ts";

/**
 * The life of a release while sessions run: an upgrade from the previous chart, `helm test`, a rollback, and an uninstall that
 * deletes the CRD. Each case depends on the cases before it. The processes are of the present version throughout.
 */

const root = path.join(import.meta.dirname, "..", "..");
const chart = path.join(root, "charts", "avatarpool");
const previousChart = path.join(root, "test", "support", "previous-chart", "avatarpool-0.1.0.tgz");

let stage: Stage;
let runner: PodRunner;
let pool: Scenario;
let workers: readonly string[];

beforeAll(async () => {
  stage = await Stage.open({ chart: previousChart, prepare: grantPreviousChart });
  runner = new PodRunner(stage.plane);
  pool = await stage.scenario("life");
  await pool.readyPool({ workers: [gpuGroup({ min: 2, max: 2, coldStart: "2s" })] });
  await pool.until("every worker to be warm", async () => (await pool.status()).groups?.[0]?.warm === 2);
  await pool.sessions(2);
  workers = await pool.podNames();
});

afterAll(async () => {
  await runner?.stop();
  await stage?.stop();
});

const SUBJECTS = ["operator", "gateway"].map((component) => `--serviceaccount=avatarpool:avatarpool-${component}`);

/** The previous chart may grant less than the present processes need. */
async function grantPreviousChart(plane: ControlPlane): Promise<void> {
  const args = ["create", "clusterrolebinding", "previous-chart", "--clusterrole=cluster-admin", ...SUBJECTS];
  expect(await plane.kubectl(args)).toMatchObject({ code: 0 });
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function helm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.run("helm", [...args, "--namespace=avatarpool"]);
  if (code !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The flag of the documented upgrade that keeps the user's values. */
async function documentedFlag(): Promise<string> {
  const page = await readFile(path.join(root, "docs", "versions.md"), "utf8");
  return /helm upgrade avatarpool .*(--\S+)$/m.exec(page)?.[1] ?? "";
}

/** What may not change in an upgrade: the Services that clients and the operator use, and the workers' Deployment. */
async function identities(): Promise<readonly string[]> {
  const services = ["avatarpool-gateway", "avatarpool-gateway-internal"].map((name) =>
    kubectl("get", "service", name, "--namespace=avatarpool", "-o=jsonpath={.metadata.uid}"),
  );
  const deployment = pool.kubectl(["get", "deployment", "pool-gpu", "-o=jsonpath={.metadata.uid} {.metadata.generation}"]);
  return Promise.all([...services, deployment]);
}

/** The sessions and their workers are as they were, and a launch through this gateway is served. */
async function expectUndisturbed(gateway?: GatewayProcess): Promise<void> {
  await pool.condition("Ready", { status: "True" });
  expect(await pool.podNames()).toEqual(workers);
  expect([pool.activeSessions(), pool.kills()]).toEqual([2, []]);
  const launched = await pool.launch({ room: "one-more" }, gateway);
  expect(launched, JSON.stringify(launched.body)).toMatchObject({ status: 200 });
  const url = `${(gateway ?? stage.gateways[0])?.url}/life/pool/sessions/one-more`;
  expect((await fetch(url, { method: "DELETE" })).status).toBe(200);
}

describe("helm upgrade from the previous chart", () => {
  it("ends no session, replaces no worker, and grants everything that the new version needs", async () => {
    const before = await identities();
    await helm("upgrade", "avatarpool", chart, await documentedFlag());
    await kubectl("delete", "clusterrolebinding", "previous-chart");
    expect(await identities()).toEqual(before);

    // Both processes restart in an upgrade. The operator's image differs, as in an upgrade to another version.
    const gateway = await stage.product.startGateway();
    await stage.operator.process.stop();
    await stage.restartOperator({ image: "avatarpool:next" });
    await pool.condition("TemplateCurrent", { status: "False", reason: "KeptOnUpgrade" });
    await pool.until("the new gateway to observe the pool", async () => {
      return (await pool.launch({ fields: { room_name: undefined } }, gateway)).status === 400;
    });
    await expectUndisturbed(gateway);
    expect(await identities()).toEqual(before);
  });
});

describe("helm test", () => {
  /** Runs `helm test`, with a process in place of the pod, because kwok runs no containers. */
  async function helmTest(): Promise<{ readonly log: string; readonly passed: boolean }> {
    const ended = helm("test", "avatarpool").then(
      () => undefined,
      (error: unknown) => error,
    );
    const AVATARPOOL_URL = stage.gateways[0]?.url ?? "";
    const log = await runner.runHookPod("avatarpool-test", "avatarpool", { AVATARPOOL_URL }).catch(async (error: unknown) => {
      throw new Error(`${error}: ${await ended}`);
    });
    return { log, passed: (await ended) === undefined };
  }

  it("launches once on the pool of the values, and ends the session", async () => {
    // Stand-in workers join no room, so no LiveKit server is necessary. test/media runs the check with real ones.
    const keys = { LIVEKIT_URL: "ws://127.0.0.1:9", LIVEKIT_API_KEY: LIVEKIT_KEY, LIVEKIT_API_SECRET: LIVEKIT_SECRET };
    const literals = Object.entries(keys).map(([name, value]) => `--from-literal=${name}=${value}`);
    await kubectl("label", "namespace", "avatarpool", "pod-security.kubernetes.io/enforce=restricted");
    await kubectl("create", "secret", "generic", "livekit", "--namespace=avatarpool", ...literals);
    // No node fits the pod. A process of this test runs in its place.
    await stage.product.upgrade("gateway.defaultPool=life/pool,tests.secretName=livekit,nodeSelector.role=nowhere");
    const { log, passed } = await helmTest();
    expect(log).toMatch(/launched on pool life\/pool .*\nthe session runs on worker pool-gpu-\S+\nthe session has ended/);
    expect(passed, log).toBe(true);
    expect(pool.activeSessions()).toBe(2);
  });

  it("fails with the gateway's sentence if the pool does not exist", async () => {
    await stage.product.upgrade("tests.pool=life/other");
    const { log, passed } = await helmTest();
    expect(log).toMatch(/the launch failed with status 404: .*no AvatarPool other in namespace life/);
    expect(passed).toBe(false);
  });
});

describe("helm rollback to the previous chart", () => {
  it("ends no session and replaces no worker", async () => {
    const before = await identities();
    await helm("rollback", "avatarpool", "1");
    await grantPreviousChart(stage.plane);
    await stage.operator.process.stop();
    await stage.restartOperator();
    await pool.condition("TemplateCurrent", { status: "True" });
    await expectUndisturbed();
    expect(await identities()).toEqual(before);
  });
});

describe("helm uninstall with crds.keep=false", () => {
  // The garbage collector looks for new kinds every 30 s, and an upgrade of the CRD interrupts its watch of the pools. A CRD
  // that is removed meanwhile leaves its objects' dependents behind.
  beforeAll(async () => {
    await helm("upgrade", "avatarpool", chart, await documentedFlag(), "--set=crds.keep=false,nodeSelector.role=nowhere");
    const spec = { ...poolObject({ warm: { slots: 0 } }), metadata: { name: "probe" } };
    await pool.kubectl(["create", "-f", "-"], JSON.stringify(spec));
    const uid = await pool.kubectl(["get", "avp", "probe", "-o=jsonpath={.metadata.uid}"]);
    const owner = { apiVersion: "avatarpool.dev/v1alpha1", kind: "AvatarPool", name: "probe", uid };
    const dependent = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe", ownerReferences: [owner] } };
    await pool.kubectl(["create", "-f", "-"], JSON.stringify(dependent));
    await pool.kubectl(["delete", "avp", "probe", "--timeout=60s"]);
    await pool.kubectl(["wait", "--for=delete", "configmap/probe", "--timeout=60s"]);
  });

  it("deletes the CRD with all pools at once, and workers wait for their sessions", async () => {
    await kubectl("delete", "clusterrolebinding", "previous-chart");
    expect(await pool.kubectl(["get", "avp", "pool", "-o=jsonpath={.metadata.finalizers}"])).not.toBe("");
    const uninstall = helm("uninstall", "avatarpool");
    await runner.runUninstallHook("avatarpool", "avatarpool", () => stage.operator.process.stop());
    await uninstall;
    await kubectl("wait", "--for=delete", "crd/avatarpools.avatarpool.dev", "--timeout=30s");
    await pool.until("the workers to be deleted", async () => {
      return (await pool.pods()).every(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    });
    expect([pool.activeSessions(), pool.kills()]).toEqual([2, []]);
    pool.endSessions();
    await pool.until("the workers to be gone", async () => (await pool.pods()).length === 0);
    expect(pool.kills()).toEqual([]);
  });
});
