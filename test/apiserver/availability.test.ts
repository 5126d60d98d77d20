import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { until } from "../support/controlplane/until.ts";

/** Operator and gateways of the chart on one real node object, with the real disruption controller. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const ready = ["Ready", "ContainersReady"].map((type) => ({ type, status: "True" }));

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ nodes: [{ name: "only" }] });
  await helm("install", "--create-namespace");
  await until("four running pods", 60_000, async () => (await runningPods()).length === 4);
  for (const name of await runningPods()) {
    await kubectl("patch", name, "--subresource=status", `--patch=${JSON.stringify({ status: { conditions: ready } })}`);
  }
});
afterAll(() => plane?.stop());

async function kubectl(...args: readonly string[]): Promise<string> {
  return succeed(await plane.kubectl([...args, "--namespace=system"]));
}

async function helm(command: "install" | "upgrade", ...args: readonly string[]): Promise<void> {
  succeed(await plane.run("helm", [command, "ap", chart, "--namespace=system", "--set=crds.install=false", ...args]));
}

function succeed({ code, stdout, stderr }: { readonly code: number; readonly stdout: string; readonly stderr: string }): string {
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

async function runningPods(): Promise<readonly string[]> {
  return (await kubectl("get", "pods", "--field-selector=status.phase=Running", "-o=name")).split("\n").filter(Boolean);
}

async function evict(pod: string): Promise<string> {
  const name = pod.replace("pod/", "");
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "system" } };
  const url = `/api/v1/namespaces/system/pods/${name}/eviction`;
  const { code, stderr } = await plane.kubectl(["create", `--raw=${url}`, "-f", "-"], { stdin: JSON.stringify(eviction) });
  return code === 0 ? "evicted" : stderr;
}

describe("the pods of a release", () => {
  it.each(["gateway", "operator"])("are evicted one at a time, so that a drained node never takes both: %s", async (component) => {
    const allowed = () => kubectl("get", "pdb", `ap-${component}`, "-o=jsonpath={.status.disruptionsAllowed}");
    await expect.poll(allowed, { timeout: 30_000 }).toBe("1");
    const [first = "", second = ""] = (await runningPods()).filter((name) => name.includes(component));
    expect(await evict(first)).toBe("evicted");
    expect(await evict(second)).toContain("violate the pod's disruption budget");
  });

  it("keep the number that an autoscaler has chosen through an upgrade", async () => {
    const replicas = () => kubectl("get", "deployment/ap-gateway", "-o=jsonpath={.spec.replicas}");
    // As the README advises: without it, Helm's removal of the field would set it to 1.
    await kubectl("scale", "deployment/ap-gateway", "--replicas=5");
    await helm("upgrade", "--set=gateway.autoscaling.enabled=true");
    expect(await replicas()).toBe("5");
    await kubectl("scale", "deployment/ap-gateway", "--replicas=6");
    await helm("upgrade", "--set=gateway.autoscaling.enabled=true,logLevel=debug");
    expect(await replicas()).toBe("6");
    expect(await kubectl("get", "hpa", "ap-gateway", "-o=jsonpath={.spec.minReplicas}")).toBe("2");
  });
});
