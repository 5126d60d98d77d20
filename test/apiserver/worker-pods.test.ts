import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { cpuGroup, type Deployment, gpuGroup, type ModelServer, type Stage, stageWithModels } from "../support/scenario/index.ts";

/** The Deployments of worker groups, as the API server stores them. */

let stage: Stage;
let models: ModelServer;
stageWithModels((opened) => {
  ({ stage, models } = opened);
});

const podOf = (deployment: Deployment | undefined) => deployment?.spec?.template.spec;

describe("the Deployment of a GPU group", () => {
  it("requests a GPU and has the probes, hooks and gate that the worker needs", async () => {
    const scenario = await stage.scenario("gpu-pod");
    await scenario.readyPool({
      workers: [gpuGroup({ drain: { timeout: "30m" }, env: [{ name: "AVATAR_VIDEO_MAX_FPS", value: "20" }] })],
    });
    const deployment = await scenario.deployment();
    expect(deployment?.metadata?.ownerReferences).toMatchObject([{ kind: "AvatarPool", name: "pool", controller: true }]);
    expect(deployment?.spec?.strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });

    const pod = podOf(deployment);
    expect(pod?.readinessGates).toEqual([{ conditionType: "avatarpool.dev/warm" }]);
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(1_800);
    expect(pod?.tolerations).toContainEqual({ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" });
    expect(pod).toMatchObject({ automountServiceAccountToken: false, shareProcessNamespace: true });
    expect(pod?.volumes).toEqual([
      { name: "models", emptyDir: { sizeLimit: "20Gi" } },
      { name: "weights", emptyDir: { medium: "Memory", sizeLimit: "9Gi" } },
      { name: "shm", emptyDir: { medium: "Memory", sizeLimit: "2Gi" } },
    ]);
    expect(pod?.initContainers).toMatchObject([{ name: "drain-hook", restartPolicy: "Always", image: "avatarpool:test" }]);
    expect(pod?.containers).toMatchObject([
      {
        name: "worker",
        image: "sgubithuman/expression-avatar:2.3.7",
        env: [
          { name: "BITHUMAN_API_SECRET", valueFrom: { secretKeyRef: { name: "bithuman", key: "api-secret" } } },
          { name: "AUTO_PREWARM", value: "true" },
          { name: "MAX_SESSIONS", value: "2" },
          { name: "AVATAR_VIDEO_MAX_FPS", value: "20" },
        ],
        resources: {
          requests: { cpu: "2", memory: "12Gi", "nvidia.com/gpu": "1" },
          limits: { cpu: "8", memory: "20Gi", "nvidia.com/gpu": "1" },
        },
        volumeMounts: [
          { name: "models", mountPath: "/data/models" },
          { name: "weights", mountPath: "/tmp/bh-weights" },
          { name: "shm", mountPath: "/dev/shm" },
        ],
        startupProbe: { httpGet: { path: "/ready", port: "http" } },
        readinessProbe: { httpGet: { path: "/health", port: "http" } },
        lifecycle: { preStop: { httpGet: { path: "/drain", port: 8099 } } },
      },
    ]);
    // A restart would end every session of the worker.
    expect(pod?.containers[0]?.livenessProbe).toBeUndefined();
  });

  it("sets the warm gate of its pods, and counts a crashed worker as cold until it is warm again", async () => {
    const scenario = await stage.scenario("gate");
    await scenario.readyPool({ workers: [gpuGroup({ min: 1, max: 1 })] });
    await scenario.condition("WarmCapacity", { status: "True", reason: "Warm" });
    const gate = async () => (await scenario.pods())[0]?.status?.conditions?.find(({ type }) => type === "avatarpool.dev/warm");
    expect(await gate()).toMatchObject({ status: "True", reason: "Warm" });
    stage.fleet.fail((await scenario.podNames())[0]!, "crash");
    await scenario.condition("WarmCapacity", { status: "False", reason: "Starting", message: /to become warm/ });
    await scenario.condition("WarmCapacity", { status: "True" });
    const [restarted] = (await scenario.pods())[0]?.status?.containerStatuses ?? [];
    expect(restarted?.restartCount).toBe(1);
    const startedAt = restarted?.state?.running?.startedAt;
    expect(Date.parse((await gate())?.lastTransitionTime ?? "")).toBeGreaterThanOrEqual(Date.parse(startedAt ?? ""));
  });
});

describe("the Deployment of a CPU group", () => {
  it("downloads its models before the worker starts, requests no GPU, and serves the models", async () => {
    const scenario = await stage.scenario("cpu-pod");
    const url = models.put("/leo.imx", "leo");
    await scenario.readyPool({ presets: [{ name: "leo", model: { url } }], workers: [cpuGroup()] });
    const pod = podOf(await scenario.deployment("cpu"));
    expect(pod?.initContainers?.map(({ name }) => name)).toEqual(["fetch-assets", "drain-hook"]);
    expect(pod?.initContainers?.[0]).toMatchObject({
      image: "avatarpool:test",
      args: ["fetch-assets"],
      env: [{ name: "AVATARPOOL_ASSETS_0", value: JSON.stringify([{ name: "leo", url }]) }, { name: "AVATARPOOL_ASSETS_DIR" }],
      securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
    });
    expect(pod?.containers).toMatchObject([
      {
        image: "registry.test/essence-worker:1",
        env: [
          { name: "BITHUMAN_API_SECRET" },
          { name: "BITHUMAN_MODEL_PATH", value: "/models" },
          { name: "BITHUMAN_CACHE_DIR", value: "/cache" },
          { name: "BITHUMAN_DEPS_DIR", value: "/cache/deps" },
          { name: "MAX_SESSIONS", value: "1" },
          { name: "DRAIN_TIMEOUT_SECONDS", value: "3600" },
        ],
        resources: { requests: { cpu: "2", memory: "4Gi" }, limits: { memory: "8Gi" } },
        volumeMounts: [
          { name: "models", mountPath: "/models" },
          { name: "cache", mountPath: "/cache" },
        ],
      },
    ]);
    expect(JSON.stringify(pod)).not.toContain("nvidia.com");
    const answer = await scenario.launch({ fields: { avatar_id: "leo" } });
    expect([answer.status, answer.worker]).toEqual([200, (await scenario.podNames("cpu"))[0]]);
  });

  it("serves test cards from the default image without an account and without models", async () => {
    const scenario = await stage.scenario("trial");
    const file = path.join(import.meta.dirname, "..", "..", "examples", "cpu-trial.yaml");
    const [, trial] = parseAllDocuments(await readFile(file, "utf8"));
    await scenario.readyPool({ ...trial?.toJS().spec, apiSecretRef: { name: "bithuman" } });
    const pod = podOf(await scenario.deployment("cpu"));
    expect(pod?.initContainers?.map(({ name }) => name)).toEqual(["drain-hook"]);
    expect(pod?.containers[0]?.image).toMatch(/^essence-worker:/);
    expect((await scenario.launch({ fields: { avatar_id: "leo" } })).status).toBe(200);
  });
});
