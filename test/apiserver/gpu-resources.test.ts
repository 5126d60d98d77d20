import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { gpuGroup, Stage } from "../support/scenario/index.ts";

/** GPUs of other vendors, and GPUs by resource claims: the real scheduler places the workers. */

const DRIVER = "gpu.example.com";
const size = { cpu: "64", memory: "512Gi" };

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({
    nodes: [
      { name: "amd-0", ...size, taints: [{ key: "amd.com/gpu", effect: "NoSchedule" }] },
      { name: "dra-0", ...size },
    ],
  });
  const status = { "amd.com/gpu": "2" };
  const patch = JSON.stringify({ status: { capacity: status, allocatable: status } });
  await stage.plane.kubectl(["patch", "node", "amd-0", "--subresource=status", "--type=merge", "-p", patch]);
});

afterAll(async () => {
  await stage?.stop();
});

const hasClaims = async () => (await stage.plane.kubectl(["get", "--raw", "/apis/resource.k8s.io/v1"])).code === 0;

/** Objects of a driver and its administrator: two devices on the node, their class, and a template for claims. */
function devices(namespace: string): string {
  const resource = (kind: string, metadata: object, spec: object) => ({ apiVersion: "resource.k8s.io/v1", kind, metadata, spec });
  return [
    resource("DeviceClass", { name: DRIVER }, { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] }),
    resource(
      "ResourceSlice",
      { name: "dra-0" },
      {
        driver: DRIVER,
        nodeName: "dra-0",
        pool: { name: "dra-0", generation: 1, resourceSliceCount: 1 },
        devices: [{ name: "gpu-0" }, { name: "gpu-1" }],
      },
    ),
    resource(
      "ResourceClaimTemplate",
      { name: "one-gpu", namespace },
      { spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: DRIVER } }] } } },
    ),
  ]
    .map((object) => stringify(object))
    .join("---\n");
}

describe.concurrent("a worker's GPU", () => {
  it("of another vendor: the worker runs on the tainted node with the resource, and accepts launches", async () => {
    const scenario = await stage.scenario("amd");
    await scenario.readyPool({ workers: [gpuGroup({ min: 2, max: 2, gpu: { resourceName: "amd.com/gpu" } })] });
    expect((await scenario.pods()).map(({ spec }) => spec?.nodeName)).toEqual(["amd-0", "amd-0"]);
    expect((await scenario.launch()).status).toBe(200);
  });

  it("by a resource claim: a device on Kubernetes 1.34 or newer; on older versions the pool reports the unsupported field", async () => {
    const scenario = await stage.scenario("claims");
    const resourceClaims = [{ name: "gpu", resourceClaimTemplateName: "one-gpu", request: "gpu" }];
    const workers = [gpuGroup({ min: 1, max: 3, gpu: { resourceClaims } })];
    if (!(await hasClaims())) {
      await scenario.pool({ workers });
      const message = await scenario.condition("Ready", { status: "False", reason: "WriteRefused" });
      expect(message).toContain("resourceClaimTemplateName: field not declared in schema");
      expect(message).toContain("upgrade the cluster");
      return;
    }
    await scenario.kubectl(["apply", "-f", "-"], devices("claims"));
    await scenario.readyPool({ workers });
    const claims = JSON.parse(await scenario.kubectl(["get", "resourceclaims", "-o", "json"]));
    expect(claims.items).toMatchObject([
      { status: { allocation: { devices: { results: [{ request: "gpu", driver: DRIVER }] } } } },
    ]);
    expect((await scenario.launch()).status).toBe(200);

    // A third worker finds no device: the condition quotes the scheduler.
    await scenario.changePool({ workers: [gpuGroup({ min: 3, max: 3, gpu: { resourceClaims } })] });
    await scenario.until("a worker without a device", async () => (await scenario.status()).groups?.[0]?.unschedulable === 1);
  });
});
