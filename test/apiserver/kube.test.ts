import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { KubeClient } from "../../operator/kube/client.ts";
import { loadKubeConfig } from "../../operator/kube/config.ts";
import { KubeError } from "../../operator/kube/errors.ts";
import { recordEvent } from "../../operator/kube/events.ts";
import type { Lease } from "../../operator/kube/lease-record.ts";
import { events, leases } from "../../operator/kube/resource-types.ts";
import type { KubeObject, ResourceType } from "../../operator/kube/types.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { type ControlPlane, startControlPlane, until } from "../support/controlplane/index.ts";

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

const configMaps: ResourceType = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" };
const limitMs = 40_000;

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "kube-test" });
});
afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

describe("the client on a real API server", () => {
  const ref = { namespace: "default", name: "verbs" };
  const verbs: ConfigMap = { metadata: ref, data: { value: "1" } };

  it("creates, replaces only the version that it has read, applies, patches, and deletes only the given UID", async () => {
    const created = await client.create(configMaps, verbs);
    await expect(client.create(configMaps, verbs)).rejects.toMatchObject({ reason: "AlreadyExists" });
    const replaced = await client.replace<ConfigMap>(configMaps, { ...created, data: { value: "2" } });
    expect(replaced.data).toEqual({ value: "2" });
    await expect(client.replace(configMaps, created)).rejects.toMatchObject({ status: 409, reason: "Conflict" });

    await client.apply(configMaps, { metadata: ref, data: { mine: "1" } } as ConfigMap);
    const applied = await client.apply<ConfigMap>(configMaps, { metadata: ref, data: { other: "1" } });
    expect(applied.data).toEqual({ value: "2", other: "1" });
    const patched = await client.mergePatch<ConfigMap>(configMaps, ref, { data: { value: null } });
    expect(patched.data).toEqual({ other: "1" });

    expect(await client.delete(configMaps, ref, { uid: "00000000-0000-0000-0000-000000000000" })).toBe(false);
    expect(await client.get(configMaps, ref)).toBeDefined();
    expect(await client.delete(configMaps, ref, { uid: patched.metadata?.uid ?? "" })).toBe(true);
    expect(await client.delete(configMaps, ref)).toBe(false);
    expect(await client.get(configMaps, ref)).toBeUndefined();
  });

  it("reports the server's message in the error", async () => {
    const bad = client.create(configMaps, { metadata: { namespace: "default", name: "Not A Name" } });
    await expect(bad).rejects.toThrow(/422 Invalid: ConfigMap "Not A Name" is invalid: metadata.name: Invalid value/);
    await expect(bad).rejects.toBeInstanceOf(KubeError);
  });

  it("records events that the server accepts", async () => {
    const regarding = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "verbs" };
    const event = { regarding, type: "Normal", reason: "Scaled", note: "x".repeat(3_000), action: "Scale" } as const;
    await recordEvent(client, { ...event, reportingInstance: "test", nowMs: Date.now() }, createLogger("test", "silent"));
    const { items } = await client.list<KubeObject & { readonly reason?: string }>(events, { namespace: "default" });
    expect(items.map(({ reason }) => reason)).toContain("Scaled");
  });
});

describe("leader election on a real API server", () => {
  function startCandidate(identity: string) {
    const script = new URL("lease-candidate.ts", import.meta.url).pathname;
    const child: ChildProcess = spawn(process.execPath, [script, identity], {
      env: { ...process.env, KUBECONFIG: plane.kubeconfig },
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said: string[] = [];
    if (child.stdout) createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
    return { identity, child, said, exited: once(child, "exit") };
  }

  it("elects one of two processes, elects the other when the first is killed, and releases the lease on SIGTERM", async () => {
    const candidates = [startCandidate("one"), startCandidate("two")];
    const leading = () =>
      candidates.filter(({ child, said }) => child.exitCode === null && !child.killed && said.includes("leading"));
    await until("a leader", limitMs, async () => leading().length > 0);
    const [first] = leading();
    if (first === undefined) throw new Error("no leader");
    const second = candidates.find((candidate) => candidate !== first) ?? first;
    await until("a renewal of the lease", limitMs, async () => {
      const lease = await client.get<Lease>(leases, { namespace: "default", name: "candidates" });
      return typeof lease?.spec?.renewTime === "string" && lease.spec.renewTime !== lease.spec.acquireTime;
    });
    expect(leading()).toEqual([first]);

    const killedMs = performance.now();
    first.child.kill("SIGKILL");
    await until("the other candidate to lead", limitMs, async () => second.said.includes("leading"));
    expect(performance.now() - killedMs, "the other candidate must not lead before the lease has expired").toBeGreaterThan(3_500);

    second.child.kill("SIGTERM");
    await second.exited;
    expect(second.said).toEqual(["leading", "ended stopped"]);
    const lease = await client.get<Lease>(leases, { namespace: "default", name: "candidates" });
    expect(lease?.spec).toMatchObject({ leaseTransitions: 1 });
    expect(lease?.spec?.holderIdentity ?? "").toBe("");
  });
});
