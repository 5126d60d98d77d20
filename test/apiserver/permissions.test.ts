import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { grantedRights, usedRights } from "../support/audit.ts";
import { until } from "../support/controlplane/index.ts";
import { ProductProcess } from "../support/product/processes.ts";
import { cpuGroup, gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/**
 * Least privilege, as a strict cluster enforces it: the roles of the chart against the audit log of the API server, and Pod
 * Security Standards. The last case reads the log of all cases before it.
 */

const HOME = "--namespace=avatarpool";
const GATEWAY_SERVICE = "avatarpool/avatarpool-gateway-internal";
const LIMIT_MS = 60_000;

let stage: Stage;
/** Its pods have a node and never start. The operator reads their events after 30 s. */
let stuck: Scenario;

beforeAll(async () => {
  stage = await Stage.open({ audit: true, values: "gateway.secretAccess.enabled=true,gateway.secretAccess.names={bithuman}" });
  await kubectl("label", "namespace", "avatarpool", "pod-security.kubernetes.io/enforce=restricted");
  stuck = await baseline("stuck");
  const runtimeClass = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "does-not-exist" } };
  await stuck.kubectl(["create", "-f", "-"], stringify({ ...runtimeClass, handler: "does-not-exist" }));
  await stuck.pool({ workers: [gpuGroup({ min: 1, runtimeClassName: "does-not-exist" })] });
});

afterAll(() => stage?.stop());

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.plane.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A namespace for pools that enforces the Pod Security Standard baseline. */
async function baseline(namespace: string): Promise<Scenario> {
  const scenario = await stage.scenario(namespace);
  await kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=baseline");
  return scenario;
}

describe("Pod Security", () => {
  it("admits the workers of every engine where baseline is enforced, and a cache on the node nowhere else", async () => {
    const scenario = await baseline("engines");
    const agents = { name: "agents", engine: "livekit-agent", image: "registry.test/agent:1", min: 1, max: 1 };
    const presets = [
      { name: "maya", image: { url: "http://images.test/maya.jpg" } },
      { name: "leo", model: { url: "http://models.test/leo.imx" } },
    ];
    await scenario.pool({ presets, workers: [gpuGroup({ min: 1 }), cpuGroup({ min: 1 }), agents] });
    for (const group of ["gpu", "cpu", "agents"])
      await scenario.until(`a worker of group ${group}`, async () => (await scenario.pods(group)).length === 1);

    const refused = await baseline("host-path");
    await refused.pool({ workers: [gpuGroup({ min: 1, modelCache: { hostPath: { path: "/models" } } })] });
    const message = await refused.condition("Ready", { status: "False", reason: "WorkersRefused" });
    expect(message).toMatch(/violates PodSecurity "baseline:latest": hostPath volumes/);
    await refused.deletePool();
  });

  it("admits operator and gateway where restricted is enforced", async () => {
    // No node fits these pods. Processes of this test run in their place.
    await stage.product.upgrade("operator.replicas=1,gateway.replicas=1,nodeSelector.role=nowhere");
    for (const component of ["operator", "gateway"]) {
      const pods = () => kubectl("get", "pods", HOME, `--selector=app.kubernetes.io/component=${component}`, "-o=name");
      await until(`a pod of the ${component}`, LIMIT_MS, async () => (await pods()) !== "");
    }
  });
});

describe("the cluster's own roles", () => {
  it("let viewers read pools, and editors and administrators change them", async () => {
    const scenario = await stage.scenario("people");
    const roles = ["view", "edit", "admin"];
    for (const role of roles) await scenario.kubectl(["create", "rolebinding", role, `--clusterrole=${role}`, `--user=${role}`]);
    const may = async (role: string, verb: string) => {
      const args = ["auth", "can-i", verb, "avatarpools.avatarpool.dev", "--namespace=people", `--as=${role}`];
      return (await stage.plane.kubectl(args)).stdout.trim() === "yes";
    };
    const rights = () => Promise.all(roles.map(async (role) => [await may(role, "list"), await may(role, "create")]));
    const expected = [
      [true, false],
      [true, true],
      [true, true],
    ];
    // The controller manager aggregates roles a moment after their creation.
    await expect.poll(rights, { timeout: LIMIT_MS }).toEqual(expected);
  });
});

describe("the rights of operator and gateway", () => {
  it("suffice for the life of a pool", async () => {
    const foreign = await baseline("foreign");
    await foreign.kubectl(["create", "deployment", "pool-gpu", "--image=registry.test/web:1", "--replicas=0"]);
    await foreign.pool();
    await foreign.condition("Ready", { status: "False", reason: "NameTaken" });

    const scenario = await baseline("rights");
    const spec = {
      workers: [gpuGroup({ min: 1, drain: { timeout: "1s" } })],
      launch: { auth: { secretRef: { name: "bithuman" } } },
      credits: { selfHosted: { expression: 1 } },
    };
    const savedBy = (verb: string) =>
      scenario.until(`the credits to be saved with ${verb}`, async () => {
        return (await usedRights(stage.plane)).used.has(`operator ${verb} /configmaps`);
      });
    await scenario.readyPool(spec);
    await scenario.sessions(1);
    await savedBy("create");
    // A new operator saves the first change at once.
    await stage.operator.process.stop();
    await stage.restartOperator();
    await scenario.sessions(1);
    await savedBy("patch");
    await scenario.pool({ ...spec, networkPolicy: { enabled: false } });
    await scenario.until("the NetworkPolicy to be deleted", async () => {
      return (await scenario.kubectl(["get", "networkpolicies", "-o=name"])) === "";
    });
    // The sessions outlive drain.timeout.
    await scenario.deletePool();
    await scenario.until("the pool to be removed", async () => (await scenario.getPool()) === undefined);
    await stuck.condition("Ready", { status: "False", reason: "WorkerFailing" });
  });

  it("suffice to review a viewer of the console", async () => {
    await kubectl("create", "serviceaccount", "viewer", "--namespace=default");
    const token = await stage.plane.serviceAccountToken("default", "viewer");
    const history = () =>
      fetch(`${stage.operator.consoleUrl}api/pools/rights/pool/history`, { headers: { authorization: `Bearer ${token}` } });
    await expect.poll(async () => (await history()).status, { timeout: LIMIT_MS, interval: 500 }).toBe(403);
  });

  it("suffice to find gateways", async () => {
    const service = { AVATARPOOL_GATEWAYS: "", AVATARPOOL_GATEWAY_SERVICE: GATEWAY_SERVICE };
    await stage.product.startGateway(service);
    await stage.operator.process.stop();
    await stage.restartOperator({ env: service });
    await until("operator and gateway to watch the EndpointSlices", LIMIT_MS, async () => {
      const { used } = await usedRights(stage.plane);
      return ["operator", "gateway"].every((component) => used.has(`${component} watch discovery.k8s.io/endpointslices`));
    });
    await stage.operator.process.stop();
  });

  it("suffice to uninstall", async () => {
    const { stdout } = await stage.plane.run("helm", ["get", "hooks", "avatarpool", HOME]);
    const rights = parseAllDocuments(stdout).filter((hook) => String(hook.get("kind")).startsWith("Role"));
    const created = await stage.plane.kubectl(["create", "-f", "-"], { stdin: rights.map(String).join("---\n") });
    expect(created).toMatchObject({ code: 0, stderr: "" });
    const hook = new ProductProcess("release-pools", {
      build: "source",
      logFile: path.join(stage.plane.folder, "release-pools.log"),
      env: { KUBECONFIG: await stage.plane.serviceAccountKubeconfig("avatarpool", "avatarpool-operator") },
    });
    await until("the hook to exit", LIMIT_MS, async () => !hook.running);
    expect(hook.exitCode, await hook.log()).toBe(0);
  });

  /** Rights without a request of their own. */
  const unseen: Readonly<Record<string, string>> = {
    "operator update avatarpool.dev/avatarpools/finalizers":
      "the admission plugin OwnerReferencesPermissionEnforcement requires it to set blockOwnerDeletion",
    "operator get avatarpool.dev/avatarpools": "the uninstall hook reads a pool again that changed under it",
  };

  it("are exactly those that they use", async () => {
    const { used, forbidden } = await usedRights(stage.plane);
    const granted = await grantedRights(stage.plane, "avatarpool");
    expect([...forbidden], "forbidden requests").toEqual([]);
    expect(
      [...granted].filter((right) => !used.has(right) && !(right in unseen)),
      "unused rights",
    ).toEqual([]);
    expect(used.size).toBeGreaterThan(30);
  });

  it("are documented with their reasons", async () => {
    const page = await readFile(path.join(import.meta.dirname, "..", "..", "docs", "security.md"), "utf8");
    const rows = page.matchAll(/^\| (operator|gateway) \| \w+ \| `(\S+)` \| ([a-z, ]+) \| .+ \|$/gm);
    const documented = [...rows].flatMap(([, component, what, verbs = ""]) =>
      verbs.split(", ").map((verb) => `${component} ${verb} ${what}`),
    );
    expect(documented.sort()).toEqual([...(await grantedRights(stage.plane, "avatarpool"))].sort());
  });
});
