import { readFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { QUANTITY_PATTERN } from "../../operator/api/v1alpha1/fields.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";

/** What `kubectl apply` prints for invalid pools. Each message must name the field and the remedy. */

type Json = Record<string, unknown>;

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  const crd = await readFile(path.join(import.meta.dirname, "..", "..", "crds", "avatarpool.dev_avatarpools.yaml"), "utf8");
  const { code, stderr } = await plane.kubectl(["apply", "-f", "-"], { stdin: crd });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  await plane.kubectl(["wait", "--for=condition=Established", "crd/avatarpools.avatarpool.dev", "--timeout=20s"]);
});

afterAll(() => plane?.stop());

const maya = { name: "maya", image: { url: "https://example.com/maya.jpg" } };
const leo = { name: "leo", model: { url: "https://example.com/leo.imx" } };
const gpu = { name: "gpu", engine: "expression", max: 4 };
const cpu = { name: "cpu", engine: "essence", image: "essence-worker:1.4", max: 4 };

const agents = { name: "agents", engine: "livekit-agent", image: "agent:1", max: 4 };

function pool(spec: Json, metadata: Json = {}): Json {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { name: "support", namespace: "default", ...metadata },
    spec: { apiSecretRef: { name: "bithuman" }, presets: [maya], workers: [gpu], ...spec },
  };
}

async function dryRun(object: Json): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> {
  return plane.kubectl(["apply", "--dry-run=server", "-o", "json", "-f", "-"], { stdin: stringify(object) });
}

const withGroup = (change: Json) => pool({ workers: [{ ...gpu, ...change }] });
const withWindow = (change: Json) => pool({ warm: { schedule: [{ cron: "0 8 * * 1-5", duration: "10h", slots: 5, ...change }] } });
const withPreset = (change: Json) => pool({ presets: [{ ...maya, ...change }] });

/** Each invalid pool, and the expected parts of the message. */
const refused: Record<string, readonly [pool: Json, ...says: readonly (string | RegExp)[]]> = {
  "min above max": [withGroup({ min: 5 }), "spec.workers[0]", "min must not exceed max"],
  "max of zero": [withGroup({ max: 0 }), "spec.workers[0].max", "greater than or equal to 1"],
  "max missing": [pool({ workers: [{ name: "gpu", engine: "expression" }] }), "spec.workers[0].max", "Required value"],
  "negative min": [withGroup({ min: -1 }), "spec.workers[0].min", "greater than or equal to 0"],
  "no worker group": [pool({ workers: [] }), "spec.workers", "at least 1 items"],
  "duplicate worker group": [pool({ workers: [gpu, gpu] }), "spec.workers[1]", "Duplicate value"],
  "duplicate preset": [pool({ presets: [maya, maya] }), "spec.presets[1]", "Duplicate value"],
  "no preset for an engine that loads presets": [
    pool({ presets: [] }),
    "spec",
    "every group's engine must be able to load a preset: add one to presets",
  ],
  "preset without an engine that loads it": [pool({ workers: [agents] }), "spec", "every preset must be loaded by a worker group"],
  "presets of a group that gets its sessions from LiveKit": [
    pool({ workers: [gpu, { ...agents, presets: ["maya"] }] }),
    "spec.workers[1]",
    "presets and dialect must not be set for an engine that gets its sessions from LiveKit: remove them",
  ],
  "dialect of a group that gets its sessions from LiveKit": [
    pool({ workers: [gpu, { ...agents, dialect: "json" }] }),
    "spec.workers[1]",
    "presets and dialect must not be set",
  ],
  "load threshold of a group that takes launches": [
    withGroup({ loadThreshold: 0.5 }),
    "spec.workers[0]",
    "loadThreshold must not be set for an engine that takes launches: remove loadThreshold",
  ],
  "load threshold of 1": [
    pool({ workers: [gpu, { ...agents, loadThreshold: 1 }] }),
    "spec.workers[1].loadThreshold",
    "must be a share of the CPU between 0 and 1, such as 0.7",
  ],
  "agent without an image": [
    pool({ presets: [], workers: [{ name: "agents", engine: "livekit-agent", max: 4 }] }),
    "spec.workers[0]",
    "image must be set for an engine without a public image",
  ],
  "variable that the operator sets for an agent": [
    pool({ workers: [gpu, { ...agents, env: [{ name: "AVATARPOOL_LOAD_THRESHOLD", value: "0.5" }] }] }),
    "spec.workers[1].env[0].name",
    "must not be one that the operator sets: use apiSecretRef, sessionsPerWorker or loadThreshold",
  ],
  "preset without an asset": [pool({ presets: [{ name: "maya" }] }), "spec.presets[0]", "exactly one of image, model and avatarId"],
  "preset with two assets": [withPreset({ avatarId: "A1" }), "spec.presets[0]", "exactly one of image, model and avatarId"],
  "preset name in capitals": [withPreset({ name: "Maya" }), "spec.presets[0].name", "must consist of lower-case letters"],
  "alias that no client can send": [
    withPreset({ aliases: ["A1", "a b"] }),
    "spec.presets[0].aliases[1]",
    "must consist of letters, digits",
  ],
  "alias given twice": [withPreset({ aliases: ["A1", "A1"] }), "spec.presets[0].aliases[1]", "Duplicate value"],
  "alias that is another preset's name": [
    pool({ presets: [maya, { name: "zoe", avatarId: "A1", aliases: ["B2", "maya"] }] }),
    "spec.presets",
    "an alias must differ from every name, avatarId and alias",
  ],
  "alias that is another preset's avatarId": [
    pool({
      presets: [
        { ...maya, aliases: ["A1"] },
        { name: "zoe", avatarId: "A1" },
      ],
    }),
    "spec.presets",
    "an avatarId must differ from every name, avatarId and alias",
  ],
  "alias of two presets": [
    pool({
      presets: [
        { ...maya, aliases: ["A1"] },
        { name: "zoe", avatarId: "B2", aliases: ["A1"] },
      ],
    }),
    "spec.presets",
    "an alias must differ from every name",
  ],
  "avatarId of two presets": [
    pool({
      presets: [
        { name: "maya", avatarId: "A1" },
        { name: "zoe", avatarId: "A1" },
      ],
    }),
    "spec.presets",
    "an avatarId must differ from every name",
  ],
  "origin with a path": [
    pool({ launch: { allowedOrigins: ["*", "https://app.example.com/"] } }),
    "spec.launch.allowedOrigins[1]",
    "must be * or an origin in lower case",
  ],
  "preset URL without a scheme": [
    withPreset({ image: { url: "example.com/maya.jpg" } }),
    "spec.presets[0].image.url",
    "must be an http:// or https:// URL",
  ],
  "model checksum of three characters": [
    pool({ presets: [{ name: "leo", model: { url: "https://example.com/leo.imx", sha256: "abc" } }], workers: [cpu] }),
    "spec.presets[0].model.sha256",
    "64 lower-case hexadecimal digits",
  ],
  "engine that does not exist": [
    withGroup({ engine: "impression" }),
    "spec.workers[0].engine",
    'supported values: "expression", "essence"',
  ],
  "engine that can load no preset": [
    pool({ workers: [gpu, cpu] }),
    "every group's engine must be able to load a preset",
    "essence loads model",
  ],
  "preset that no group loads": [pool({ presets: [maya, leo] }), "every preset must be loaded by a worker group", "add a group"],
  "group with an unknown preset": [withGroup({ presets: ["mya"] }), "workers[].presets must name presets of spec.presets"],
  "group with a preset that its engine cannot load": [
    pool({ presets: [maya, leo], workers: [{ ...gpu, presets: ["maya", "leo"] }, cpu] }),
    "workers[].presets must name presets that the group's engine can load",
  ],
  "group that names a preset twice": [
    withGroup({ presets: ["maya", "maya"] }),
    "spec.workers[0].presets",
    "must not name a preset twice",
  ],
  "GPU resource without its vendor": [
    withGroup({ gpu: { resourceName: "gpu" } }),
    "spec.workers[0].gpu.resourceName",
    "must be an extended resource with its vendor's domain, such as nvidia.com/gpu",
  ],
  "GPU resource of Kubernetes itself": [
    withGroup({ gpu: { resourceName: "node.kubernetes.io/gpu" } }),
    "spec.workers[0].gpu.resourceName",
    "must be an extended resource",
  ],
  "GPU claim without a source": [
    withGroup({ gpu: { resourceClaims: [{ name: "gpu" }] } }),
    "spec.workers[0].gpu.resourceClaims[0]",
    "needs exactly one of resourceClaimName and resourceClaimTemplateName",
  ],
  "GPU claim with two sources": [
    withGroup({ gpu: { resourceClaims: [{ name: "gpu", resourceClaimName: "a", resourceClaimTemplateName: "b" }] } }),
    "spec.workers[0].gpu.resourceClaims[0]",
    "needs exactly one of resourceClaimName and resourceClaimTemplateName",
  ],
  "GPU count without a resource to count": [
    withGroup({ gpu: { count: 2, resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "half" }] } }),
    "spec.workers[0].gpu",
    "count applies to resourceName only: set resourceName, or remove count",
  ],
  "invalid Secret name": [
    pool({ apiSecretRef: { name: "Bithuman Secret" } }),
    "spec.apiSecretRef.name",
    "must be the name of a Kubernetes object",
  ],
  "Secret key with a slash": [
    pool({ apiSecretRef: { name: "bithuman", key: "api/secret" } }),
    "spec.apiSecretRef.key",
    "must be a key of a Secret or ConfigMap",
  ],
  "overflow that sends the secret unencrypted": [
    pool({ overflow: { maxSessions: 1, url: "http://cloud.example.com/launch" } }),
    "spec.overflow",
    "use https://, or set insecure: true",
  ],
  "image host with a scheme": [
    pool({ launch: { imageHosts: ["https://example.com"] } }),
    "spec.launch.imageHosts[0]",
    "must be a host in lower case such as images.example.com",
  ],
  "launch.auth without a Secret": [pool({ launch: { auth: {} } }), "spec.launch.auth.secretRef", "Required value"],
  "overflow without a cap": [pool({ overflow: {} }), "spec.overflow.maxSessions", "Required value"],
  "overflow of zero sessions": [pool({ overflow: { maxSessions: 0 } }), "spec.overflow.maxSessions", "greater than or equal to 1"],
  "overflow URL without a scheme": [
    pool({ overflow: { maxSessions: 1, url: "cloud.example.com" } }),
    "spec.overflow.url",
    "must be an http:// or https:// URL",
  ],
  "overflow without a preset that the cloud can load": [
    pool({ presets: [leo], workers: [cpu], overflow: { maxSessions: 1 } }),
    "overflow requires a preset that the maker's cloud can load",
    "add a preset with image or avatarId, or remove overflow",
  ],
  "session limit of zero": [pool({ limits: { maxSessions: 0 } }), "spec.limits.maxSessions", "greater than or equal to 1"],
  "zero GPUs for a GPU engine": [withGroup({ gpu: { count: 0 } }), "spec.workers[0].gpu.count", "greater than or equal to 1"],
  "GPU for a CPU engine": [
    pool({ presets: [leo], workers: [{ ...cpu, gpu: { count: 1 } }] }),
    "spec.workers[0]",
    "gpu must not be set for a CPU engine: remove gpu",
  ],
  "GPU under resources": [
    withGroup({ resources: { limits: { "nvidia.com/gpu": 1 } } }),
    "spec.workers[0]",
    "request GPUs under gpu, not under resources",
  ],
  "image with a space": [withGroup({ image: "avatar worker:1" }), "spec.workers[0].image", "must not contain white space"],
  "no session per worker": [withGroup({ sessionsPerWorker: 0 }), "spec.workers[0].sessionsPerWorker", "greater than or equal to 1"],
  "negative warm slots": [pool({ warm: { slots: -1 } }), "spec.warm.slots", "must be auto, a whole number of slots"],
  "all slots kept free": [pool({ warm: { slots: "100%" } }), "spec.warm.slots", "percentage from 1% to 99%"],
  "warm slots that are a word": [pool({ warm: { slots: "many" } }), "spec.warm.slots", "must be auto, a whole number of slots"],
  "preset with a negative floor": [withPreset({ warmSlots: -1 }), "spec.presets[0].warmSlots", "greater than or equal to 0"],
  "window without a length": [
    pool({ warm: { schedule: [{ cron: "0 8 * * *", slots: 1 }] } }),
    "spec.warm.schedule[0].duration",
    "Required value",
  ],
  "cron pattern of six fields": [
    withWindow({ cron: "0 0 8 * * *" }),
    "warm.schedule[0].cron",
    "must be a cron pattern of five fields",
  ],
  "cron pattern with a 25th hour": [
    withWindow({ cron: "0 25 * * *" }),
    "warm.schedule[0].cron",
    "0 8 * * 1-5 for 8:00 on weekdays",
  ],
  "time zone that does not exist": [
    withWindow({ timeZone: "Europe/Berln" }),
    "warm.schedule[0].timeZone",
    "must be the name of a time zone, such as Europe/Berlin",
  ],
  "time zone that is an offset": [
    withWindow({ timeZone: "+02:00" }),
    "warm.schedule[0].timeZone",
    "must be the name of a time zone",
  ],
  "window longer than a week": [withWindow({ duration: "200h" }), "warm.schedule[0].duration", "must be at most 168h"],
  "launch success of 100%": [
    pool({ objective: { launchSuccess: 100 } }),
    "spec.objective.launchSuccess",
    "must be a percentage from 50 to 99.99",
  ],
  "percentile of 100": [
    pool({ objective: { startup: { percentile: 100 } } }),
    "spec.objective.startup.percentile",
    "less than or equal to 99",
  ],
  "scaling step of zero": [pool({ scaling: { maxStep: 0 } }), "spec.scaling.maxStep", "greater than or equal to 1"],
  "priority that is a word": [withGroup({ priority: "high" }), "spec.workers[0].priority", "must be of type integer"],
  "cost of one group only": [
    pool({ presets: [maya, leo], workers: [{ ...gpu, costPerHour: 1.2 }, cpu] }),
    "set it for every group or for none",
  ],
  "warm-up by session without a LiveKit server": [
    pool({ warm: { warmup: { mode: "session" } } }),
    "warm.warmup.mode session requires livekit",
    "or use mode pipeline",
  ],
  "https URL of a LiveKit server": [
    pool({ livekit: { url: "https://livekit.example.com", apiKeyRef: { name: "livekit" } } }),
    "spec.livekit.url",
    "replace https:// with wss://",
  ],
  "a peer of a NetworkPolicy with addresses and pods": [
    pool({ networkPolicy: { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] }] } }),
    "spec.networkPolicy.ingress[0].from[0]",
    "a peer needs either ipBlock, or podSelector and namespaceSelector",
  ],
  "a range of ports that ends before it begins": [
    pool({ networkPolicy: { egress: [{ ports: [{ port: 9_000, endPort: 8_000 }] }] } }),
    "spec.networkPolicy.egress[0].ports[0]",
    "endPort must not be less than port",
  ],
  "duration without a unit": [
    pool({ scaling: { scaleDownAfter: "300" } }),
    "spec.scaling.scaleDownAfter",
    "must be auto, or a duration",
  ],
  "duration in days": [withGroup({ drain: { timeout: "1d" } }), "spec.workers[0].drain.timeout", "must be a duration"],
  "drain longer than a day": [withGroup({ drain: { timeout: "48h" } }), "spec.workers[0].drain.timeout", "must be at most 24h"],
  "cold start of zero": [withGroup({ coldStart: "0s" }), "spec.workers[0].coldStart", "must be at least 1s"],
  "queue deadline longer than clients wait": [
    pool({ launch: { queue: { deadline: "10m" } } }),
    "spec.launch.queue.deadline",
    "must be at most 5m",
  ],
  "negative queue": [pool({ launch: { queue: { length: -1 } } }), "spec.launch.queue.length", "greater than or equal to 0"],
  "zero attempts": [pool({ launch: { attempts: 0 } }), "spec.launch.attempts", "greater than or equal to 1"],
  "rollout that can replace no worker": [
    withGroup({ rollout: { maxSurge: 0, maxUnavailable: 0 } }),
    "spec.workers[0].rollout",
    "no worker could ever be replaced",
  ],
  "surge that is not a number": [
    withGroup({ rollout: { maxSurge: "some" } }),
    "spec.workers[0].rollout.maxSurge",
    "percentage such as 25%",
  ],
  "CPU request that is not a quantity": [
    withGroup({ resources: { requests: { cpu: "two" } } }),
    "must be a quantity such as 2, 500m or 12Gi",
  ],
  "negative CPU request": [withGroup({ resources: { requests: { cpu: -1 } } }), "requests.cpu", "greater than or equal to 0"],
  "CPU request that is a list": [withGroup({ resources: { requests: { cpu: [1] } } }), "requests.cpu", "at most 0 items"],
  "CPU request that is an object": [withGroup({ resources: { requests: { cpu: { cores: 1 } } } }), "requests.cpu"],
  "CPU request that is a boolean": [withGroup({ resources: { requests: { cpu: true } } }), "requests.cpu"],
  "cache size that is not a quantity": [
    withGroup({ modelCache: { emptyDir: { sizeLimit: "20 GB" } } }),
    "sizeLimit",
    "must be a quantity such as 20Gi",
  ],
  "surge of 00%": [
    withGroup({ rollout: { maxSurge: "00%", maxUnavailable: 0 } }),
    "spec.workers[0].rollout.maxSurge",
    "percentage such as 25%",
  ],
  "surge above the maximum": [
    withGroup({ rollout: { maxSurge: 3_000_000_000 } }),
    "spec.workers[0].rollout.maxSurge",
    "from 0 to 5000",
  ],
  "memory request that is not a quantity": [
    withGroup({ resources: { requests: { memory: "a lot" } } }),
    "spec.workers[0].resources.requests",
    "must be a quantity such as 2, 500m or 12Gi",
  ],
  "two model caches": [
    withGroup({ modelCache: { emptyDir: {}, hostPath: { path: "/models" } } }),
    "spec.workers[0].modelCache",
    "exactly one of persistentVolumeClaim",
  ],
  "model cache for an engine without weights": [
    pool({ presets: [], workers: [{ ...agents, modelCache: { emptyDir: {} } }] }),
    "spec.workers[0]",
    "an engine that downloads no weights: remove modelCache",
  ],
  "relative host path": [
    withGroup({ modelCache: { hostPath: { path: "models" } } }),
    "spec.workers[0].modelCache.hostPath.path",
    "the path must be absolute",
  ],
  "secret in a plain environment variable": [
    withGroup({ env: [{ name: "BITHUMAN_API_SECRET", value: "x" }] }),
    "spec.workers[0].env[0].name",
    "use apiSecretRef, sessionsPerWorker",
  ],
  "environment variable twice": [
    withGroup({
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    }),
    "spec.workers[0].env[1]",
    "Duplicate value",
  ],
  "variable with value and valueFrom": [
    withGroup({ env: [{ name: "A", value: "1", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] }),
    "spec.workers[0].env[0]",
    "set value or valueFrom, not both",
  ],
  "no secret reference": [pool({ apiSecretRef: {} }), "spec.apiSecretRef.name", "Required value"],
  "pool name that is too long": [pool({}, { name: "a".repeat(41) }), "metadata.name must have at most 40 characters"],
  "field that does not exist": [pool({ replicas: 3 }), 'unknown field "spec.replicas"'],
};

describe("kubectl apply rejects", () => {
  for (const [what, [object, ...says]] of Object.entries(refused)) {
    it.concurrent(`a pool with ${what}`, async () => {
      const { code, stderr } = await dryRun(object);
      expect(code, "the API server must reject the pool").not.toBe(0);
      for (const sentence of says) expect(stderr).toMatch(typeof sentence === "string" ? literally(sentence) : sentence);
    });
  }
});

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}

const good: Record<string, Json> = {
  "a GPU of another vendor": withGroup({ gpu: { resourceName: "amd.com/gpu" } }),
  "a GPU of a third vendor": withGroup({ gpu: { resourceName: "gpu.intel.com/i915", count: 2 } }),
  "only a group that gets its sessions from LiveKit": pool({ presets: undefined, workers: [{ ...agents, loadThreshold: 0.65 }] }),
  "a custom GPU resource": withGroup({ gpu: { resourceName: "example.com/foo_Bar.1" } }),
  "a GPU by a claim": withGroup({ gpu: { resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "half", request: "gpu" }] } }),
  "a GPU by a claim and by a resource": withGroup({
    gpu: { resourceName: "example.com/fpga", count: 2, resourceClaims: [{ name: "gpu", resourceClaimName: "shared" }] },
  }),
  "a CPU engine without an image": pool({ presets: [leo], workers: [{ name: "cpu", engine: "essence", max: 1 }] }),
  "a cache of the maker's files for a CPU engine": pool({
    presets: [leo],
    workers: [{ ...cpu, modelCache: { claimTemplate: { size: "2Gi" } } }],
  }),
  "overflow to this machine": pool({ overflow: { maxSessions: 1, url: "http://127.0.0.1:8080/launch" } }),
  "overflow to this machine by name": pool({ overflow: { maxSessions: 1, url: "http://localhost" } }),
  "overflow to this machine by IPv6": pool({ overflow: { maxSessions: 1, url: "http://[::1]:80?x" } }),
  "unencrypted overflow with insecure: true": pool({ overflow: { maxSessions: 1, url: "http://cloud.svc", insecure: true } }),
};

describe("kubectl apply accepts", () => {
  for (const [what, object] of Object.entries(good)) {
    it.concurrent(what, async () => {
      const { code, stderr } = await dryRun(object);
      expect(stderr).toBe("");
      expect(code).toBe(0);
    });
  }

  it("a minimal pool, and fills in the defaults", async () => {
    const { code, stdout, stderr } = await dryRun(pool({ presets: [maya, leo], workers: [gpu, cpu] }));
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).spec).toMatchObject({
      apiSecretRef: { name: "bithuman", key: "api-secret" },
      warm: { slots: "auto", warmup: { mode: "pipeline" } },
      objective: { launchSuccess: 99, startup: { target: "6s", percentile: 95 } },
      scaling: { scaleDownAfter: "auto", paused: false },
      launch: { attempts: 5, queue: { length: 100, deadline: "2m" }, allowCustomAvatars: true },
      workers: [{ name: "gpu", min: 0, drain: { timeout: "1h" }, rollout: { maxSurge: 1, maxUnavailable: 0 } }, { name: "cpu" }],
    });
  });

  it("values that a too strict rule would reject", async () => {
    const full = pool({
      presets: [maya, { name: "a1", avatarId: "A12ABC", aliases: ["a1", "A91XMB7113", "avatar_001"], warmSlots: 3 }],
      warm: {
        slots: "20%",
        schedule: [
          { cron: "*/5,7 8-18/2 1,15 JAN-mar Mon-Fri", timeZone: "America/Argentina/Buenos_Aires", duration: "90m", slots: 8 },
          { cron: "0 0 * * 7", timeZone: "Etc/GMT+5", duration: "1h", slots: 1 },
        ],
      },
      objective: { launchSuccess: 99.9, startup: { target: "4s", percentile: 95 } },
      scaling: { scaleDownAfter: "90s", maxStep: 4 },
      workers: [
        {
          ...gpu,
          priority: -1,
          costPerHour: 0.95,
          gpu: { resourceName: "nvidia.com/mig-1g.10gb", count: 2 },
          resources: { requests: { cpu: 0.5, memory: "12Gi", "rdma/hca": 1 }, limits: { memory: 21474836480 } },
          rollout: { maxSurge: "25%", maxUnavailable: 0 },
          modelCache: { claimTemplate: { size: "1e10" } },
          drain: { timeout: "1h30m" },
          env: [{ name: "AVATAR_VIDEO_MAX_FPS", value: "25" }],
          tolerations: [{ key: "spot", operator: "Exists" }],
          affinity: { nodeAffinity: {} },
        },
      ],
    });
    const { code, stderr } = await dryRun(full);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

it("every quantity that is valid in a pool is valid in a pod", async () => {
  const quantities = fc.sample(fc.stringMatching(new RegExp(`^${QUANTITY_PATTERN}$`)), { numRuns: 200, seed: 1 });
  const containers = quantities.map((cpu, at) => ({ name: `c${at}`, image: "worker:1", resources: { requests: { cpu } } }));
  const metadata = { labels: { app: "quantities" } };
  const { code, stderr } = await dryRun({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "quantities", namespace: "default" },
    spec: { selector: { matchLabels: metadata.labels }, template: { metadata, spec: { containers } } },
  });
  expect(stderr).toBe("");
  expect(code).toBe(0);
});

it("kubectl explain describes every field", async () => {
  const { stdout } = await plane.kubectl(["explain", "avatarpool", "--recursive"]);
  expect(stdout).toContain("warm");
  const crd = JSON.parse((await plane.kubectl(["get", "crd", "avatarpools.avatarpool.dev", "-o", "json"])).stdout);
  const schema = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  expect(undescribed("spec", schema.spec)).toEqual([]);
  expect(undescribed("status", schema.status)).toEqual([]);
});

interface Described {
  readonly description?: string;
  readonly properties?: Record<string, Described>;
  readonly items?: Described;
}

function undescribed(at: string, node: Described): string[] {
  const here = node.description === undefined ? [at] : [];
  const below = Object.entries(node.properties ?? {}).flatMap(([name, child]) => undescribed(`${at}.${name}`, child));
  const items = Object.entries(node.items?.properties ?? {}).flatMap(([name, child]) => undescribed(`${at}[].${name}`, child));
  return [...here, ...below, ...items];
}
