import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cpuGroup, gpuGroup, type ModelServer, SECRET_VALUE, type Stage, stageWithModels } from "../support/scenario/index.ts";

/** Causes that prevent a pool from serving, their conditions, and the recovery once the cause is removed. */

let stage: Stage;
let models: ModelServer;
stageWithModels((opened) => {
  ({ stage, models } = opened);
});

const model = (url: string, sha256?: string) => ({ presets: [{ name: "leo", model: { url, sha256 } }], workers: [cpuGroup()] });

describe.concurrent("the maker's secret", () => {
  it("that does not exist: no worker is started, and the pool reports how to create it", async () => {
    const scenario = await stage.scenario("no-secret", { secret: false });
    await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
    const message = await scenario.condition("CredentialsValid", { status: "False", reason: "SecretNotFound" });
    expect(message).toContain("kubectl -n no-secret create secret generic bithuman --from-file=api-secret=<file>");
    await scenario.condition("Ready", { status: "False", reason: "SecretNotFound" });
    expect(await scenario.pods()).toEqual([]);
    await scenario.createSecret();
    await scenario.condition("CredentialsValid", { status: "True" });
    await scenario.condition("Ready", { status: "True" });
  });

  it("without the key: the pool lists the existing keys", async () => {
    const scenario = await stage.scenario("no-key", { secret: false });
    await scenario.createSecret("api-sercet");
    await scenario.pool();
    const message = await scenario.condition("CredentialsValid", { status: "False", reason: "SecretKeyMissing" });
    expect(message).toBe(
      "Secret no-key/bithuman has no key api-secret (it has api-sercet), so no worker is started: add it or correct apiSecretRef.key",
    );
    expect(await scenario.pods()).toEqual([]);
    await scenario.pool({ apiSecretRef: { name: "bithuman", key: "api-sercet" } });
    await scenario.condition("Ready", { status: "True" });
  });
});

describe.concurrent("the tokens of clients", () => {
  it("that do not exist: every launch is rejected, and the pool reports how to create them", async () => {
    const scenario = await stage.scenario("no-tokens");
    await scenario.pool({ launch: { auth: { secretRef: { name: "clients" } } } });
    const message = await scenario.condition("Ready", { status: "False", reason: "SecretNotFound" });
    expect(message).toContain(
      "so every launch is rejected: kubectl -n no-tokens create secret generic clients --from-literal=<client>=<token>",
    );
    await scenario.kubectl(["create", "secret", "generic", "clients", "--from-literal=web="]);
    await scenario.condition("SecretsUsable", { status: "False", reason: "NoTokens" });
    await scenario.kubectl(["patch", "secret", "clients", "-p", '{"stringData":{"web":"a-clients-token"}}']);
    // In this stage, the chart gives gateways no permission to read a Secret.
    const forbidden = {
      status: "False",
      reason: "SecretUnreadable",
      message: /gateways are not allowed to read .* gateway[.]secretAccess/,
    } as const;
    await scenario.condition("SecretsUsable", forbidden);
    await scenario.condition("Ready", forbidden);
    await scenario.pool();
    await scenario.condition("Ready", { status: "True" });
    // Gateways report on the Secret until they receive the changed pool.
    await scenario.until("the condition SecretsUsable to disappear", async () =>
      ((await scenario.status()).conditions ?? []).every(({ type }) => type !== "SecretsUsable"),
    );
  });
});

describe.concurrent("a preset's model", () => {
  it("that returns 404: the pool reports preset, URL and response, and serves once the file exists", async () => {
    const scenario = await stage.scenario("model-404");
    const url = models.url("/late.imx");
    await scenario.pool(model(url));
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkerFailing", message: /404/ });
    expect(message).toContain("leo cannot be launched: 1 worker of group cpu cannot start");
    expect(message).toContain(`preset leo: ${url} answered 404 Not Found; correct the preset's model.url, or upload the file`);
    await scenario.event("NotReady", /404/);
    models.put("/late.imx", "a model");
    await scenario.condition("Ready", { status: "True" });
    expect((await scenario.launch({ fields: { avatar_id: "leo" } })).status).toBe(200);
  });

  it("with another checksum than the pool's: the pool reports both checksums", async () => {
    const scenario = await stage.scenario("model-hash");
    const right = createHash("sha256").update("the model").digest("hex");
    const wrong = createHash("sha256").update("another file").digest("hex");
    await scenario.pool(model(models.put("/model.imx", "another file"), right));
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkerFailing", message: /sha256/ });
    expect(message).toContain(`sent a file with sha256 ${wrong}, expected ${right}`);
    models.put("/model.imx", "the model");
    await scenario.condition("Ready", { status: "True" });
  });
});

describe.concurrent("workers that cannot start", () => {
  it("because their image cannot be pulled", async () => {
    const scenario = await stage.scenario("image-pull");
    await scenario.pool({ workers: [gpuGroup({ image: "registry.test/does-not-exist:1" })] });
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkerFailing", message: /ImagePullBackOff/ });
    expect(message).toMatch(
      /^maya cannot be launched: 1 worker of group gpu cannot start: ImagePullBackOff: worker: Back-off pulling/,
    );
    expect(message).toContain('"registry.test/does-not-exist:1"');
    await scenario.condition("WarmCapacity", { status: "False", reason: "WorkerFailing", message: /ImagePullBackOff/ });
    await scenario.pool({ workers: [gpuGroup({ image: "registry.test/expression:1" })] });
    await scenario.condition("Ready", { status: "True" });
  });

  it("because their runtime class has no handler: the pool quotes the pod's own event", async () => {
    const scenario = await stage.scenario("no-runtime");
    const runtimeClass = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "does-not-exist" } };
    await scenario.kubectl(["apply", "-f", "-"], JSON.stringify({ ...runtimeClass, handler: "does-not-exist" }));
    await scenario.pool({ workers: [gpuGroup({ runtimeClassName: "does-not-exist" })] });
    await scenario.condition("Ready", { status: "False", reason: "Starting" });
    const message = await scenario.condition("Ready", { status: "False", reason: "WorkerFailing" });
    const [pod] = await scenario.podNames();
    expect(message).toContain("1 worker of group gpu cannot start: FailedCreatePodSandBox: ");
    expect(message).toContain('"Failed to create pod sandbox: rpc error: ');
    expect(message).toMatch(new RegExp(`; see kubectl -n no-runtime describe pod ${pod}$`));
    await scenario.pool({ workers: [gpuGroup()] });
    await scenario.condition("Ready", { status: "True" });
  });

  it("because no node has the requested GPU", async () => {
    const scenario = await stage.scenario("no-node");
    await scenario.pool({ workers: [gpuGroup({ nodeSelector: { "gpu-type": "a100" } })] });
    const message = await scenario.condition("Ready", { status: "False", reason: "Unschedulable" });
    expect(message).toMatch(
      /^maya cannot be launched: the scheduler finds no node for 1 worker of group gpu \(0\/\d nodes are available: .*\)/,
    );
    expect(message).toMatch(/: add GPU nodes, or lower max$/);
    expect((await scenario.status()).groups).toMatchObject([{ name: "gpu", desired: 1, ready: 0, unschedulable: 1 }]);
    await stage.plane.addNode({ name: "gpu-a100", gpus: 1, labels: { "gpu-type": "a100" } });
    await scenario.condition("Ready", { status: "True" });
    await scenario.until("no unschedulable worker", async () => (await scenario.status()).groups?.[0]?.unschedulable === 0);
  });

  it("because they reject a preset's image", async () => {
    const scenario = await stage.scenario("bad-image");
    await scenario.kubectl([
      "create",
      "secret",
      "generic",
      "livekit",
      "--from-literal=api-key=k",
      "--from-literal=api-secret=a-livekit-secret",
    ]);
    const warmed = (image: string) => ({
      presets: [{ name: "maya", image: { url: `http://images.test/${image}.jpg` } }],
      warm: { slots: 1, warmup: { mode: "session" } },
      livekit: { url: "ws://livekit.test", apiKeyRef: { name: "livekit" } },
    });
    await scenario.pool(warmed("without-a-face"));
    const message = await scenario.condition("WarmCapacity", { status: "False", reason: "WorkerFailing" });
    expect(message).toContain("WarmupFailed: preset maya: the worker rejected a warm-up session with status 400");
    expect(message).toContain("no face was found in the image");
    await scenario.pool(warmed("maya"));
    await scenario.condition("WarmCapacity", { status: "True" });
    // The former worker may still load the corrected preset when the new one is warm.
    await scenario.until("no warm-up session", () => scenario.activeSessions() === 0);
  });
});

it("no value of a Secret is in a log, a status or an event", async () => {
  const seen = [
    await stage.logs(),
    (await stage.plane.kubectl(["get", "avatarpools,events,deployments,pods", "--all-namespaces", "-o", "yaml"])).stdout,
  ];
  expect(seen.map((text) => text.includes("model-404"))).toEqual([true, true]);
  for (const text of seen)
    for (const value of [SECRET_VALUE, "a-livekit-secret", "a-clients-token"]) expect(text).not.toContain(value);
});
