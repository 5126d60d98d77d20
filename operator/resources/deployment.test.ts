import { describe, expect, it } from "vitest";
import { agentsOnly, gpuGroup, pool } from "../../test/support/pools.ts";
import type { AvatarPoolSpecInput } from "../api/v1alpha1/index.ts";
import { workerDeployment } from "./deployment.ts";
import { renderTemplate } from "./worker-template.ts";

const cpuGroup = { name: "cpu", engine: "essence", image: "registry.example.com/essence-worker:1.4", max: 20 } as const;
type Group = Partial<AvatarPoolSpecInput["workers"][number]>;

function deploymentOf(group: "gpu" | "cpu", change: Group = {}) {
  const workers = [
    { ...gpuGroup, ...(group === "gpu" ? change : {}) },
    { ...cpuGroup, ...(group === "cpu" ? change : {}) },
  ];
  const { config } = pool({ workers } as never);
  const found = config.groups.find(({ name }) => name === group)!;
  const manifest = workerDeployment(config, found, 3, renderTemplate(config, found, "sidecar:1"));
  const pod = manifest.spec.template.spec!;
  return {
    manifest,
    pod,
    worker: pod.containers[0]!,
    init: (name: string) => pod.initContainers!.find((one) => one.name === name),
  };
}
const env = (group: "gpu" | "cpu", change: Group = {}) =>
  Object.fromEntries(deploymentOf(group, change).worker.env!.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));

describe("workerDeployment", () => {
  it("belongs to the pool, and selects exactly its own pods by constant labels", () => {
    const { manifest } = deploymentOf("gpu");
    expect(manifest.metadata).toMatchObject({
      namespace: "avatars",
      name: "support-gpu",
      ownerReferences: [{ kind: "AvatarPool", name: "support", uid: "pool-uid", controller: true }],
    });
    expect(manifest.spec.selector.matchLabels).toEqual({
      "app.kubernetes.io/managed-by": "avatarpool",
      "avatarpool.dev/pool": "support",
      "avatarpool.dev/group": "gpu",
    });
    expect(manifest.spec.template.metadata!.labels).toMatchObject(manifest.spec.selector.matchLabels!);
    expect(manifest.spec.replicas).toBe(3);
  });

  it("replaces workers one by one, never below the wanted number, and allows time for a cold start", () => {
    const { strategy, progressDeadlineSeconds } = deploymentOf("gpu").manifest.spec;
    expect(strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    expect(progressDeadlineSeconds).toBeGreaterThan(1_200);
    const tuned = deploymentOf("gpu", { rollout: { maxSurge: 0, maxUnavailable: "25%" } });
    expect(tuned.manifest.spec.strategy!.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: "25%" });
  });

  it("is the same for the same pool, so that an apply without changes starts no rollout", () => {
    expect(deploymentOf("gpu").manifest).toEqual(deploymentOf("gpu").manifest);
  });
});

describe("a worker pod", () => {
  it("starts by the ready path and stays Ready by the health path, because a full worker answers 503 on the ready path", () => {
    const { worker, pod } = deploymentOf("gpu");
    expect(worker.startupProbe!.httpGet!.path).toBe("/ready");
    expect(worker.startupProbe!.periodSeconds! * worker.startupProbe!.failureThreshold!).toBeGreaterThanOrEqual(1_200);
    expect(worker.readinessProbe!.httpGet!.path).toBe("/health");
    expect(worker.livenessProbe).toBeUndefined();
    expect(pod.readinessGates).toEqual([{ conditionType: "avatarpool.dev/warm" }]);
  });

  it("waits in the drain hook until its sessions end, with a grace period beyond the drain timeout", () => {
    const { worker, pod, init } = deploymentOf("gpu", { drain: { timeout: "10m" } });
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(600);
    expect(worker.lifecycle!.preStop!.httpGet).toMatchObject({ path: "/drain", port: 8_099 });
    expect(init("drain-hook")).toMatchObject({
      restartPolicy: "Always",
      ports: [{ containerPort: 8_099 }],
      env: expect.arrayContaining([
        { name: "AVATARPOOL_WORKER_PORT", value: "8089" },
        { name: "AVATARPOOL_DRAIN_TIMEOUT_SECONDS", value: "600" },
      ]),
    });
    // A client that can merely reach the pod must not receive the token.
    const [header] = worker.lifecycle!.preStop!.httpGet!.httpHeaders!;
    expect(header).toEqual({ name: "avatarpool-drain-token", value: expect.any(String) });
    const variable = init("drain-hook")!.env!.find(({ name }) => name === "AVATARPOOL_DRAIN_TOKEN");
    expect(variable!.value).toBe(header!.value);
    expect(header!.value).toMatch(/^[\w-]{43}$/);
  });

  it("runs our containers with exactly the configured image, by tag or by digest", () => {
    const image = `registry.example.com/avatarpool@sha256:${"0".repeat(64)}`;
    const { config } = pool();
    const { template } = renderTemplate(config, config.groups.find(({ name }) => name === "cpu")!, image);
    expect(template.spec!.initContainers!.map((container) => container.image)).toEqual([image, image]);
  });

  it("of an agent gets SIGTERM at once, because the agent takes jobs until then, and knows the pool's LiveKit server", () => {
    const livekit = { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } };
    const own = {
      env: [{ name: "LIVEKIT_URL", value: "ws://livekit.livekit:7880" }],
      drain: { timeout: "20m" },
      loadThreshold: 0.6,
    };
    const podOf = (changes: object, spec: object) => {
      const { config } = pool({ ...agentsOnly, workers: [{ ...agentsOnly.workers[0], ...changes }], ...spec } as never);
      return renderTemplate(config, config.groups[0]!, "sidecar:1").template.spec!;
    };
    const { containers, initContainers, terminationGracePeriodSeconds } = podOf(own, { livekit });
    expect(initContainers).toEqual([]);
    expect(terminationGracePeriodSeconds).toBe(1_230);
    expect(containers[0]).not.toHaveProperty("lifecycle");
    expect(containers[0]!.ports).toEqual([{ name: "http", containerPort: 8_081, protocol: "TCP" }]);
    expect(containers[0]!.readinessProbe!.httpGet!.path).toBe("/");
    const secret = (key: string) => ({ secretKeyRef: { name: "livekit", key } });
    expect(Object.fromEntries(containers[0]!.env!.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]))).toEqual({
      BITHUMAN_API_SECRET: { secretKeyRef: { name: "maker", key: "api-secret" } },
      AVATARPOOL_LOAD_THRESHOLD: "0.6",
      AVATARPOOL_DRAIN_SECONDS: "1200",
      LIVEKIT_URL: "ws://livekit.livekit:7880",
      LIVEKIT_API_KEY: secret("api-key"),
      LIVEKIT_API_SECRET: secret("api-secret"),
    });
    expect(podOf({}, {}).containers[0]!.env!.map(({ name }) => name)).not.toContain("LIVEKIT_URL");
  });

  it("gets the secret by reference, and no service account token", () => {
    expect(env("gpu").BITHUMAN_API_SECRET).toEqual({ secretKeyRef: { name: "maker", key: "api-secret" } });
    expect(deploymentOf("gpu").pod.automountServiceAccountToken).toBe(false);
  });

  it("runs our containers without privileges", () => {
    for (const name of ["fetch-assets", "drain-hook"])
      expect(deploymentOf("cpu").init(name)!.securityContext).toMatchObject({
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
  });

  it("prefers the user's environment to the engine's, from values, Secrets and ConfigMaps", () => {
    const told = env("gpu", {
      sessionsPerWorker: 6,
      env: [
        { name: "AUTO_PREWARM", value: "false" },
        { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
      ],
    });
    expect(told).toMatchObject({
      MAX_SESSIONS: "6",
      AUTO_PREWARM: "false",
      A: { secretKeyRef: { name: "s", key: "k" } },
      B: { configMapKeyRef: { name: "c", key: "k" } },
    });
    const names = deploymentOf("gpu", { env: [{ name: "AUTO_PREWARM", value: "false" }] }).worker.env!.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("passes on the scheduling fields of the group", () => {
    const placed = {
      nodeSelector: { zone: "a" },
      tolerations: [{ key: "dedicated", operator: "Exists" as const }],
      affinity: { nodeAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 1 }],
      priorityClassName: "high",
      runtimeClassName: "nvidia",
      imagePullSecrets: [{ name: "pull" }],
    };
    const { pod } = deploymentOf("gpu", placed);
    expect(pod).toMatchObject({ ...placed, tolerations: [expect.anything(), { key: "dedicated", operator: "Exists" }] });
    expect(Object.values(deploymentOf("gpu").pod)).not.toContain(undefined);
  });
});

describe("a GPU worker", () => {
  it("requests one GPU, with an equal limit, and tolerates the taint of GPU nodes", () => {
    const { worker, pod } = deploymentOf("gpu");
    expect(worker.image).toMatch(/^sgubithuman\/expression-avatar:\d/);
    expect(worker.resources).toMatchObject({
      requests: { cpu: "2", memory: "12Gi", "nvidia.com/gpu": "1" },
      limits: { "nvidia.com/gpu": "1" },
    });
    expect(pod.tolerations).toEqual([{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }]);
  });

  it("requests a slice if the group sets one, and overrides resources by name", () => {
    const { worker } = deploymentOf("gpu", {
      gpu: { resourceName: "nvidia.com/mig-1g.10gb", count: 2 },
      resources: { requests: { memory: "16Gi" }, limits: { cpu: 4 } },
    });
    expect(worker.resources).toEqual({
      requests: { cpu: "2", memory: "16Gi", "nvidia.com/mig-1g.10gb": "2" },
      limits: { memory: "20Gi", cpu: "4", "nvidia.com/mig-1g.10gb": "2" },
    });
  });

  it("accepts numbers like a pod, and unlisted resource names", () => {
    const { worker } = deploymentOf("gpu", { resources: { requests: { cpu: 0.5, memory: "16Gi", "rdma/hca": 1 } } });
    expect(worker.resources?.requests).toMatchObject({ cpu: "0.5", memory: "16Gi", "rdma/hca": "1", "nvidia.com/gpu": "1" });
  });

  it.each(["amd.com/gpu", "gpu.intel.com/i915"])(
    "requests %s if its group does, and tolerates the taint of that name",
    (resourceName) => {
      const { worker, pod } = deploymentOf("gpu", { gpu: { resourceName } });
      expect(worker.resources?.limits).toMatchObject({ [resourceName]: "1" });
      expect(pod.tolerations).toEqual([{ key: resourceName, operator: "Exists", effect: "NoSchedule" }]);
      expect(JSON.stringify(worker.resources)).not.toContain("nvidia");
    },
  );

  it("gets its GPU by claims, without an extended resource unless one is named", () => {
    const resourceClaims = [
      { name: "gpu", resourceClaimTemplateName: "half-gpu", request: "gpu" },
      { name: "net", resourceClaimName: "shared-nic" },
    ];
    const { worker, pod } = deploymentOf("gpu", { gpu: { resourceClaims } });
    expect(pod.resourceClaims).toEqual([
      { name: "gpu", resourceClaimTemplateName: "half-gpu" },
      { name: "net", resourceClaimName: "shared-nic" },
    ]);
    expect(worker.resources?.claims).toEqual([{ name: "gpu", request: "gpu" }, { name: "net" }]);
    expect(JSON.stringify([worker.resources, pod.tolerations])).not.toContain("nvidia");

    const both = deploymentOf("gpu", { gpu: { resourceName: "amd.com/gpu", count: 2, resourceClaims } });
    expect(both.worker.resources?.limits).toMatchObject({ "amd.com/gpu": "2" });
    expect(both.pod.resourceClaims).toHaveLength(2);
  });

  it("keeps decrypted weights and shared memory in RAM", () => {
    const { pod, worker } = deploymentOf("gpu");
    const mounted = Object.fromEntries(
      worker.volumeMounts!.map(({ name, mountPath }) => [mountPath, pod.volumes!.find((volume) => volume.name === name)]),
    );
    expect(mounted).toMatchObject({
      "/tmp/bh-weights": { emptyDir: { medium: "Memory", sizeLimit: "9Gi" } },
      "/dev/shm": { emptyDir: { medium: "Memory", sizeLimit: "2Gi" } },
      "/data/models": { emptyDir: {} },
    });
  });

  it.each<[NonNullable<Group["modelCache"]>, object]>([
    [{ persistentVolumeClaim: { claimName: "weights" } }, { persistentVolumeClaim: { claimName: "weights" } }],
    [{ hostPath: { path: "/var/cache" } }, { hostPath: { path: "/var/cache", type: "DirectoryOrCreate" } }],
    [{ emptyDir: { sizeLimit: "8Gi" } }, { emptyDir: { sizeLimit: "8Gi" } }],
    [
      { claimTemplate: { size: "20Gi", storageClassName: "fast" } },
      { ephemeral: { volumeClaimTemplate: { spec: { storageClassName: "fast", resources: { requests: { storage: "20Gi" } } } } } },
    ],
  ])("keeps downloaded weights in %j", (modelCache, source) => {
    expect(deploymentOf("gpu", { modelCache }).pod.volumes).toContainEqual(expect.objectContaining({ name: "models" }));
    expect(deploymentOf("gpu", { modelCache }).pod.volumes!.find(({ name }) => name === "models")).toMatchObject(source);
  });

  it("fetches no models", () => expect(deploymentOf("gpu").init("fetch-assets")).toBeUndefined());
});

describe("a CPU worker", () => {
  it("requests no GPU", () => {
    const { worker, pod } = deploymentOf("cpu");
    expect(JSON.stringify([worker.resources, pod.tolerations])).not.toContain("nvidia");
    expect(worker.image).toBe(cpuGroup.image);
  });

  it("finds its fetched models in the model folder before it starts", () => {
    const { worker, init } = deploymentOf("cpu");
    const fetch = init("fetch-assets")!;
    const folder = env("cpu").BITHUMAN_MODEL_PATH;
    const settings = Object.fromEntries(fetch.env!.map(({ name, value }) => [name, value]));
    expect(settings.AVATARPOOL_ASSETS_DIR).toBe(folder);
    expect(JSON.parse(settings.AVATARPOOL_ASSETS_0!)).toEqual([{ name: "leo", url: "https://example.com/leo.imx" }]);
    expect(worker.volumeMounts).toEqual(expect.arrayContaining(fetch.volumeMounts!));
    // An init container before the sidecar.
    expect(deploymentOf("cpu").pod.initContainers!.map(({ name }) => name)).toEqual(["fetch-assets", "drain-hook"]);
  });

  it.each([
    ["registry.example.com:5000/team/avatarpool:2", "registry.example.com:5000/team/essence-worker:"],
    [`mirror.example.com/avatarpool@sha256:${"0".repeat(64)}`, "mirror.example.com/essence-worker:"],
    ["avatarpool:2", "essence-worker:"],
  ])("without an image is pulled from where %s is", (sidecarImage, prefix) => {
    const { image: _, ...group } = cpuGroup;
    const { config } = pool({ workers: [gpuGroup, group] } as never);
    const { template } = renderTemplate(config, config.groups.find(({ name }) => name === "cpu")!, sidecarImage);
    expect(template.spec!.containers[0]!.image).toMatch(new RegExp(`^${prefix}\\d+\\.\\d+\\.\\d+$`));
  });

  it("drains for as long as the group does", () => {
    expect(env("cpu").DRAIN_TIMEOUT_SECONDS).toBe("3600");
    expect(env("cpu", { drain: { timeout: "90m" } }).DRAIN_TIMEOUT_SECONDS).toBe("5400");
    expect(env("gpu")).not.toHaveProperty("DRAIN_TIMEOUT_SECONDS");
  });

  it("keeps the maker's shared files in its cache", () => {
    const { worker, pod } = deploymentOf("cpu", { modelCache: { persistentVolumeClaim: { claimName: "shared" } } });
    const cache = worker.volumeMounts!.find(({ mountPath }) => mountPath === env("cpu").BITHUMAN_CACHE_DIR)!;
    expect(pod.volumes).toContainEqual({ name: cache.name, persistentVolumeClaim: { claimName: "shared" } });
    expect(env("cpu").BITHUMAN_DEPS_DIR).toMatch(new RegExp(`^${cache.mountPath}/`));
  });

  it("downloads no model for test cards", () => {
    const testcard = { name: "ESSENCE_RENDERER", value: "testcard" };
    const names = (change: Group) => deploymentOf("cpu", change).pod.initContainers!.map(({ name }) => name);
    expect(names({ env: [testcard] })).toEqual(["drain-hook"]);
    expect(names({ env: [{ ...testcard, value: "bithuman" }] })).toEqual(["fetch-assets", "drain-hook"]);
  });
});
