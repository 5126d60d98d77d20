import { describe, expect, it } from "vitest";
import { cpuGroup, gpuGroup, type ModelServer, type Stage, stageWithModels } from "../support/scenario/index.ts";

/** Worker pods in namespaces with policies, and worker pods that a podTemplate changes. */

let stage: Stage;
let models: ModelServer;
stageWithModels((opened) => {
  ({ stage, models } = opened);
});

const leo = () => [
  { name: "maya", image: { url: "http://images.test/maya.jpg" } },
  { name: "leo", model: { url: models.put("/leo.imx", "leo") } },
];

describe.concurrent("podTemplate", () => {
  const worker = (container: object) => ({ spec: { containers: [{ name: "worker", ...container }] } });

  it("overrides the pod: a sidecar, a proxy, a volume, labels; each change rolls the workers", async () => {
    const scenario = await stage.scenario("overlay");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1, max: 2, coldStart: "2s" })] });
    const podTemplate = {
      metadata: { labels: { team: "faces" }, annotations: { "example.com/scrape": "true" } },
      spec: {
        securityContext: { fsGroup: 1_000 },
        volumes: [{ name: "ca", emptyDir: {} }],
        initContainers: [{ name: "proxy", image: "registry.test/proxy:1", restartPolicy: "Always" }],
        containers: [
          {
            name: "worker",
            env: [{ name: "HTTPS_PROXY", value: "http://proxy.test" }],
            volumeMounts: [{ name: "ca", mountPath: "/ca" }],
          },
        ],
      },
    };
    await scenario.changePool({ workers: [gpuGroup({ min: 1, max: 2, coldStart: "2s", podTemplate })] });
    await scenario.until("a warm worker with the overlay", async () => {
      const pods = await scenario.pods();
      return pods.length === 1 && pods[0]?.metadata?.labels?.team === "faces" && (await scenario.status()).warmSlots === 2;
    });
    const [pod] = await scenario.pods();
    expect(pod?.metadata?.annotations).toMatchObject({ "example.com/scrape": "true" });
    expect(pod?.spec).toMatchObject({ securityContext: { fsGroup: 1_000 }, terminationGracePeriodSeconds: 3_630 });
    expect(pod?.spec?.initContainers?.map(({ name }) => name)).toEqual(["drain-hook", "proxy"]);
    expect(pod?.spec?.containers[0]?.env).toContainEqual({ name: "HTTPS_PROXY", value: "http://proxy.test" });
    expect(pod?.spec?.containers[0]?.lifecycle?.preStop?.httpGet?.path).toBe("/drain");
    expect((await scenario.launch()).status).toBe(200);
  });

  it("that removes the drain hook is rejected in a condition, and the workers stay unchanged", async () => {
    const scenario = await stage.scenario("overlay-refused");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1 })] });
    const before = await scenario.deployment();
    const overlay = worker({ lifecycle: { preStop: { exec: { command: ["true"] } } } });
    await scenario.changePool({ workers: [gpuGroup({ min: 2, podTemplate: overlay })] });
    const message = /podTemplate of group gpu is refused: the preStop hook of container worker must stay/;
    await scenario.condition("Ready", { status: "False", reason: "PodTemplateRefused", message });
    const after = await scenario.deployment();
    expect(after?.spec).toEqual({ ...before?.spec, replicas: 2 });
    expect((await scenario.launch()).status).toBe(200);
    await scenario.changePool({ workers: [gpuGroup({ min: 2 })] });
    await scenario.condition("Ready", { status: "True" });
    expect((await scenario.deployment())?.spec?.template).toEqual(before?.spec?.template);
  });

  it("that the API server rejects is reported in a condition, and the size follows demand with the current template", async () => {
    const scenario = await stage.scenario("overlay-invalid");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1 })] });
    const before = await scenario.deployment();
    const podTemplate = worker({ volumeMounts: [{ name: "nothing", mountPath: "/nothing" }] });
    await scenario.changePool({ workers: [gpuGroup({ min: 2, podTemplate })] });
    const message = /volumeMounts\[\d\]\.name: Not found: "nothing"/;
    await scenario.condition("Ready", { status: "False", reason: "WriteRefused", message });
    expect((await scenario.deployment())?.spec).toEqual({ ...before?.spec, replicas: 2 });
  });

  it.each<[object, RegExp]>([
    [{ spec: { hostNetwork: true } }, /hostNetwork must not be set: workers on one node would listen on the same port/],
    [{ spec: { hostPID: true } }, /hostPID must not be set/],
    [{ spec: { restartPolicy: "Never" } }, /restartPolicy must not be set/],
    [{ spec: { terminationGracePeriodSeconds: 5 } }, /terminationGracePeriodSeconds must not be set: .*drain\.timeout/],
    [{ spec: { activeDeadlineSeconds: 5 } }, /activeDeadlineSeconds must not be set/],
    [{ spec: { readinessGates: [] } }, /readinessGates must not be set/],
    [{ metadata: { labels: { "avatarpool.dev/pool": "x" } } }, /the keys avatarpool\.dev\/\*.*the operator sets them/],
    [{ metadata: { labels: { "app.kubernetes.io/managed-by": "x" } } }, /managed-by/],
    [{ metadata: { annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" } } }, /the operator sets them/],
  ])("is rejected by the API server with the reason: %j", async (podTemplate, sentence) => {
    const scenario = await stage.scenario(`overlay-${Math.random().toString(36).slice(2, 8)}`, { secret: false });
    await expect(scenario.pool({ workers: [gpuGroup({ podTemplate })] })).rejects.toThrow(sentence);
  });
});

describe.concurrent("a namespace with a quota on requests and limits", () => {
  const hard = "--hard=requests.cpu=64,limits.cpu=64,requests.memory=256Gi,limits.memory=256Gi";

  it("admits workers of both kinds with their defaults", async () => {
    const scenario = await stage.scenario("quota");
    await scenario.kubectl(["create", "quota", "all", hard]);
    await scenario.readyPool({ presets: leo(), workers: [gpuGroup(), cpuGroup()] });
    const containers = (await scenario.pods()).flatMap(({ spec }) => [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
    ]);
    expect(new Set(containers.map(({ name }) => name))).toEqual(new Set(["fetch-assets", "drain-hook", "worker"]));
  });

  it("with a LimitRange that the helpers' defaults violate, admits workers whose helpers set other resources", async () => {
    const scenario = await stage.scenario("limit-range");
    const least = { type: "Container", min: { memory: "128Mi" } };
    const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "least" }, spec: { limits: [least] } };
    await scenario.kubectl(["apply", "-f", "-"], JSON.stringify(range));
    const helpers = { resources: { requests: { memory: "128Mi" }, limits: { memory: "256Mi" } } };
    await scenario.readyPool({ presets: leo(), workers: [gpuGroup({ helpers }), cpuGroup({ helpers })] });
  });
});

describe.concurrent("a namespace with the restricted profile", () => {
  it("admits workers with the podTemplate of docs/pod-template.md", async () => {
    const scenario = await stage.scenario("restricted");
    await scenario.kubectl(["label", "namespace", "restricted", "pod-security.kubernetes.io/enforce=restricted"]);
    const podTemplate = {
      spec: {
        securityContext: { runAsNonRoot: true, runAsUser: 1_000, fsGroup: 1_000, seccompProfile: { type: "RuntimeDefault" } },
        containers: [{ name: "worker", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
      },
    };
    await scenario.readyPool({ presets: leo(), workers: [gpuGroup({ podTemplate }), cpuGroup({ podTemplate })] });
  });
});

describe.concurrent("many models with long addresses", () => {
  it("are downloaded by a worker, although one variable cannot hold their list", async () => {
    const scenario = await stage.scenario("many-models");
    const signature = `sig=$$${"x".repeat(2_000)}`;
    const presets = Array.from({ length: 64 }, (_, index) => {
      const name = `leo-${index}`;
      return { name, model: { url: models.put(`/${name}.imx?${signature}`, name) } };
    });
    await scenario.readyPool({ presets, workers: [cpuGroup()] });
    expect((await scenario.launch({ fields: { avatar_id: "leo-63" } })).status).toBe(200);
  });
});
