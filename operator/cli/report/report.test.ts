import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ListOptions } from "../../kube/client.ts";
import { KubeError } from "../../kube/errors.ts";
import type { KubeObject, ResourceType } from "../../kube/types.ts";
import { OperatorError } from "../ask-operator.ts";
import { Archive } from "./archive.ts";
import { report } from "./report.ts";

/** Every secret that this test places somewhere. */
const placed = {
  apiSecret: "s3cr3t-of-the-maker-42",
  launchToken: "9f8e7d6c5b4a39281706f5e4",
  livekitSecret: "livekit-secret-of-thirty-two-chars",
  envValue: "value-of-an-api-secret-in-env",
  podEnvValue: "plain-looking-but-private",
  drainToken: "drain-token-of-the-sidecar",
  signature: "X-Amz-Signature=0123456789abcdef",
  jwt: `eyJhbGciOiJIUzI1NiJ9.${"a".repeat(30)}.${"b".repeat(30)}`,
  password: "hunter2-of-the-proxy",
  copied: "secret-in-last-applied",
  flag: "secret-in-an-argument",
};

const base64 = (value: string) => Buffer.from(value).toString("base64");
const podSpec = {
  containers: [
    {
      name: "worker",
      args: [`--api-secret=${placed.flag}`],
      env: [
        { name: "API_SECRET", value: placed.envValue },
        { name: "GREETING", value: placed.podEnvValue },
        { name: "FROM", valueFrom: { secretKeyRef: { name: "bithuman", key: "api-secret" } } },
      ],
      lifecycle: { preStop: { httpGet: { httpHeaders: [{ name: "avatarpool-drain-token", value: placed.drainToken }] } } },
    },
  ],
};
const pool = {
  metadata: {
    namespace: "avatars",
    name: "support",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": placed.copied, "example.test/note": "kept" },
    managedFields: [{ manager: "kubectl" }],
  },
  spec: {
    apiSecretRef: { name: "bithuman" },
    presets: [{ name: "maya", image: { url: `https://cdn.test/maya.jpg?${placed.signature}` } }],
    launch: { auth: { secretRef: { name: "clients" } } },
    livekit: { url: `wss://user:${placed.password}@livekit.test`, apiKeyRef: { name: "livekit" } },
    workers: [{ name: "gpu", env: [{ name: "EXTRA_TOKEN", value: placed.envValue }], podTemplate: { spec: podSpec } }],
  },
};
const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bithuman: { "api-secret": base64(placed.apiSecret) },
  clients: { web: base64(`${placed.launchToken}\n`) },
  livekit: { "api-secret": base64(placed.livekitSecret) },
};
const worker = {
  metadata: { namespace: "avatars", name: "support-gpu-1", uid: "u1" },
  spec: podSpec,
  status: { containerStatuses: [{ name: "worker", restartCount: 1, state: { running: {} } }] },
};
const log = [
  `2026-01-01T00:00:00Z started with ${placed.apiSecret}`,
  `2026-01-01T00:00:01Z {"msg":"request","authorization":"Bearer ${placed.launchToken}","url":"wss://x.test/rtc?access_token=${placed.jwt}"}`,
  `2026-01-01T00:00:02Z env ${JSON.stringify(placed.envValue)}, key=${placed.livekitSecret}, api_secret: ${placed.flag}`,
];

const denied = (resource: string) =>
  new KubeError("forbidden", {
    ...{ status: 403, reason: "Forbidden" },
    said: `x is forbidden: User "ann" cannot list resource "${resource}" in API group "" in the namespace "avatars"`,
  });

interface World {
  readonly deny?: readonly string[];
  readonly operatorAway?: boolean;
}

async function collect({ deny = [], operatorAway = false }: World = {}) {
  const files = new Map<string, string>();
  const items: Readonly<Record<string, readonly unknown[]>> = {
    avatarpools: [pool],
    pods: [worker],
    events: [{ metadata: { namespace: "avatars" }, note: `pull failed: https://cdn.test/x?${placed.signature}` }],
    leases: [{ metadata: { namespace: "avatarpool", name: "avatarpool-operator" }, spec: { holderIdentity: "op-1" } }],
  };
  const check = (resource: string) => {
    if (deny.includes(resource)) throw denied(resource);
  };
  const missing = await report(
    { namespace: "avatars", pool: "support", operator: { namespace: "avatarpool", name: "avatarpool-operator" } },
    {
      client: {
        get: async ({ plural }: ResourceType, { name }: { readonly name: string }) => {
          check(plural);
          return (plural === "secrets" ? { data: secrets[name] } : items[plural]?.[0]) as never;
        },
        list: async ({ plural }: ResourceType, { namespace }: ListOptions = {}) => {
          check(plural);
          const inNamespace = ((items[plural] ?? []) as KubeObject[]).filter(({ metadata }) => metadata?.namespace === namespace);
          return { items: inNamespace as never[], resourceVersion: "1" };
        },
        sendToPod: async () => ({ status: 200, headers: {}, body: "avatarpool_sessions 1\n" }),
        async *podLog() {
          check("pods/log");
          yield* log;
        },
        serverVersion: async () => "v1.34.1",
      },
      ask: async (page) => {
        if (operatorAway) throw new OperatorError("no operator is the leader now");
        return { page, reason: `grew after ${placed.jwt}` };
      },
      add: async (name, content) => void files.set(name, content),
      version: "1.2.3",
      now: () => new Date("2026-01-01T00:00:00Z"),
    },
  );
  return { files, missing, all: [...files].map(([name, content]) => `${name}\n${content}`).join("\n") };
}

describe("a report", () => {
  it("contains no secret, in no encoding of it that a log may use", async () => {
    const { all, missing } = await collect();
    expect(missing).toEqual([]);
    for (const secret of Object.values(placed)) {
      expect(all).not.toContain(secret);
      expect(all).not.toContain(base64(secret));
      expect(all).not.toContain(encodeURIComponent(secret));
    }
  });

  it("contains objects, decisions, workers, metrics, logs of each run, versions, and a list of its files", async () => {
    const { files } = await collect();
    const names = [...files.keys()];
    expect(names).toEqual(
      expect.arrayContaining([
        ...["objects/pools.yaml", "objects/pods.yaml", "objects/events.yaml", "objects/installation/leases.yaml"],
        ...["operator/support/decisions.json", "operator/support/workers.json", "metrics/op-1.txt"],
        ...["logs/avatars/support-gpu-1/worker.log", "logs/avatars/support-gpu-1/worker.previous.log", "manifest.json"],
      ]),
    );
    expect(files.get("objects/pools.yaml")).toMatch(/example.test\/note: kept/);
    expect(files.get("objects/pools.yaml")).not.toMatch(/managedFields/);
    expect(files.get("objects/pods.yaml")).toMatch(/name: GREETING\n +value: "?\[redacted\]/);
    expect(files.get("logs/avatars/support-gpu-1/worker.log")).toMatch(/^2026-01-01T00:00:00Z started with \[hidden\]$/m);
    const manifest = JSON.parse(files.get("manifest.json") ?? "");
    expect(manifest).toMatchObject({ cli: "1.2.3", kubernetes: "v1.34.1", pool: "support", missing: [] });
    expect(manifest.files).toEqual(names.filter((name) => name !== "manifest.json"));
  });

  it("continues without what may not be read, and names each permission", async () => {
    const { files, missing, all } = await collect({ deny: ["events", "secrets", "pods/log"], operatorAway: true });
    expect(files.has("objects/pods.yaml")).toBe(true);
    expect(missing.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        "events of namespace avatars",
        "decisions of pool avatars/support",
        "log avatars/support-gpu-1/worker",
      ]),
    );
    expect(missing.find(({ what }) => what.startsWith("events"))?.why).toMatch(
      /^you are not allowed to list events in namespace avatars: request/,
    );
    expect(missing.find(({ what }) => what.includes("Secret bithuman"))).toBeDefined();
    expect(JSON.parse(files.get("manifest.json") ?? "").missing).toHaveLength(missing.length);
    for (const secret of Object.values(placed)) expect(all).not.toContain(secret);
  });
});

describe("the archive", () => {
  it("is a .tar.gz that only its owner can read, and replaces no file", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "report-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = path.join(folder, "r.tar.gz");
    const archive = new Archive(file, "report", new Date(0));
    await archive.add("objects/pools.yaml", "kind: x\n");
    await archive.add("empty.log", "");
    await archive.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const entries: Record<string, string> = {};
    const reading = extract();
    reading.end(gunzipSync(await readFile(file)));
    for await (const entry of reading) entries[entry.header.name] = await text(entry);
    expect(entries).toEqual({ "report/objects/pools.yaml": "kind: x\n", "report/empty.log": "" });
    const second = new Archive(file, "report", new Date(0));
    await expect(second.add("a", "b").then(() => second.close())).rejects.toThrow(/EEXIST/);
  });
});
