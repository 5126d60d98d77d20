import { readFile } from "node:fs/promises";
import path from "node:path";
import type { V1Deployment } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../../operator/kube/types.ts";
import { until } from "../support/controlplane/index.ts";
import { PodRunner } from "../support/product/pod-runner.ts";
import { type Rights, rightsOf } from "../support/rights.ts";
import { type Scenario, Stage } from "../support/scenario/index.ts";

/** Uninstallation, reinstallation and several releases. Each case depends on the cases before it. */

const root = path.join(import.meta.dirname, "..", "..");
const chart = path.join(root, "charts", "avatarpool");
const LIMIT_MS = 60_000;
const FINALIZERS = "-o=jsonpath={.metadata.finalizers}";

let stage: Stage;
let runner: PodRunner;

beforeAll(async () => {
  stage = await Stage.open();
  runner = new PodRunner(stage.plane);
});

afterAll(async () => {
  await runner?.stop();
  await stage?.stop();
});

async function helm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.run("helm", args);
  if (code !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const getJson = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await kubectl("get", ...args, "-o=json"));

/** A pool with a session on its one worker, and the operator's finalizer. */
async function busyPool(namespace: string): Promise<Scenario> {
  const scenario = await stage.scenario(namespace);
  await scenario.readyPool();
  await scenario.sessions(1);
  await scenario.until("the finalizer", async () => (await scenario.kubectl(["get", "avp", "pool", FINALIZERS])) !== "");
  return scenario;
}

describe("helm uninstall", () => {
  it("keeps pools, workers and sessions, and removes everything that blocks their deletion", async () => {
    const [kept, dropped] = [await busyPool("kept"), await busyPool("dropped")];
    // No node fits the operator's pods. A process of this test runs in their place.
    await stage.product.upgrade("operator.replicas=2,nodeSelector.role=nowhere");
    const uninstall = helm("uninstall", "avatarpool", "--namespace=avatarpool");

    await runner.runUninstallHook("avatarpool", "avatarpool", () => stage.operator.process.stop());
    await uninstall;

    // No object of the hook remains, and all objects of the pools remain.
    const home = "--namespace=avatarpool";
    expect(await kubectl("get", "jobs,roles,rolebindings,serviceaccounts", home, "-o=name")).toBe("serviceaccount/default\n");
    expect(await kept.kubectl(["get", "avp", "pool", FINALIZERS])).toBe("");
    expect([kept.activeSessions(), dropped.activeSessions()]).toEqual([1, 1]);

    await dropped.kubectl(["delete", "avp", "pool", "--timeout=30s"]);
    await dropped.until("the worker to be deleted", async () => {
      return (await dropped.pods()).every(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    });
    expect(dropped.activeSessions()).toBe(1);
    dropped.endSessions();
    await kubectl("delete", "namespace", "dropped", "--timeout=60s");
    expect([...kept.kills(), ...dropped.kills()]).toEqual([]);
  });

  it("can be followed by an installation that adopts the pools", async () => {
    await helm("install", "avatarpool", chart, "--namespace=avatarpool", "--set=operator.replicas=0,gateway.replicas=0");
    await stage.restartOperator();
    await until(
      "the finalizer",
      LIMIT_MS,
      async () => (await kubectl("get", "avp", "pool", "--namespace=kept", FINALIZERS)) !== "",
    );
  });

  it("without its hook can be completed by the documented command", async () => {
    await stage.operator.process.stop("SIGKILL");
    await helm("uninstall", "avatarpool", "--namespace=avatarpool", "--no-hooks");
    await kubectl("delete", "avp", "pool", "--namespace=kept", "--wait=false");
    const page = await readFile(path.join(root, "docs", "troubleshooting.md"), "utf8");
    const command = /kubectl (-n NAMESPACE patch avp POOL .*)$/m.exec(page)?.[1] ?? "";
    expect(command).not.toBe("");
    const args = command.replace("NAMESPACE", "kept").replace("POOL", "pool").replaceAll("'", "").split(" ");
    await kubectl(...args);
    await kubectl("wait", "--for=delete", "avp/pool", "--namespace=kept", "--timeout=30s");
  });
});

describe("two releases with the same name and separate namespaces", () => {
  const teams = ["a", "b"];

  beforeAll(async () => {
    for (const team of teams) for (const kind of ["team", "pools"]) await kubectl("create", "namespace", `${kind}-${team}`);
    // The uninstalled release kept the CRD, and the CRD still belongs to it.
    const args = ["install", "avatarpool", chart, "--set=operator.replicas=0,gateway.replicas=0"];
    const refused = await stage.plane.run("helm", [...args, "--namespace=team-a", "--set=namespaces={pools-a}"]);
    expect(refused.stderr).toContain("invalid ownership metadata");
    const readme = await readFile(path.join(chart, "README.md"), "utf8");
    const adopting = /helm install .*(--take-ownership)/.exec(readme)?.[1] ?? "";
    await helm(...args, "--namespace=team-a", "--set=namespaces={pools-a}", adopting);
    // With an older Helm, two commands transfer the CRD to another release.
    const commands = readme.matchAll(/^kubectl (.* crd avatarpools.*)$/gm);
    for (const [, command = ""] of commands) {
      await kubectl(...command.replace("name=NAME", "name=avatarpool").replace("=NAMESPACE", "=team-b").split(" "));
    }
    await helm(...args, "--namespace=team-b", "--set=namespaces={pools-b}");
  });

  it("have separate permissions, and keep them when the other release is uninstalled", async () => {
    const reviews: Rights = { "authentication.k8s.io/tokenreviews": ["create"] };
    const gateway = (team: string, namespace: string) =>
      rightsOf(stage.plane, { user: `system:serviceaccount:team-${team}:avatarpool-gateway`, namespace });
    for (const team of teams) {
      const other = team === "a" ? "b" : "a";
      await expect
        .poll(() => gateway(team, `pools-${team}`), { timeout: 10_000 })
        .toMatchObject({ ...reviews, "/pods": ["list", "watch"] });
      expect(await gateway(team, `pools-${other}`)).toEqual(reviews);
    }
  });

  it("each serve their own pools", async () => {
    for (const team of teams) {
      const namespace = `team-${team}`;
      const { spec } = await getJson<Json<V1Deployment>>("deployment", "avatarpool-operator", `--namespace=${namespace}`);
      const pod = spec?.template.spec;
      if (pod === undefined) throw new Error("expected a pod template in the Deployment");
      // The pods would each have an address of their own; the processes share one.
      await runner.run(pod, namespace, { AVATARPOOL_HTTP_PORT: "0", AVATARPOOL_CONSOLE_PORT: "0" });
    }
    const example = path.join(root, "examples", "gpu.yaml");
    const pool = (await readFile(example, "utf8")).replaceAll(/namespace: \S+/g, "namespace: POOLS");
    for (const team of teams) {
      const stdin = pool.replaceAll("POOLS", `pools-${team}`);
      expect(await stage.plane.kubectl(["apply", "-f", "-"], { stdin })).toMatchObject({ code: 0 });
    }
    for (const team of teams) {
      const namespace = `--namespace=pools-${team}`;
      await until(`the status of the pool of ${team}`, LIMIT_MS, async () => {
        const { items } = await getJson<{ items: { status?: { observedGeneration?: number } }[] }>("avp", namespace);
        return items.length === 1 && items[0]?.status?.observedGeneration !== undefined;
      });
      expect(await kubectl("get", "lease", `--namespace=team-${team}`, "-o=name")).toBe(
        "lease.coordination.k8s.io/avatarpool-operator\n",
      );
    }
    await helm("uninstall", "avatarpool", "--namespace=team-b", "--no-hooks");
    const user = "system:serviceaccount:team-a:avatarpool-gateway";
    expect(await rightsOf(stage.plane, { user, namespace: "elsewhere" })).toEqual({
      "authentication.k8s.io/tokenreviews": ["create"],
    });
  });
});
