import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type ControlPlane, startControlPlane, until } from "../support/controlplane/index.ts";

const LIMIT_MS = 20_000;

interface Pod {
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions: readonly { type: string; status: string }[];
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a control plane", () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane({ nodes: [{ name: "gpu-1", gpus: 2 }] });
  });
  afterAll(() => plane.stop());

  test("schedules GPU pods while GPUs are free, and does not set their readiness", async () => {
    const created = await plane.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(gpuDeployment(3)) });
    expect(created).toMatchObject({ code: 0, stderr: "" });
    await until("two running pods", LIMIT_MS, async () => (await podsOf(plane)).filter(isRunning).length === 2);

    const pods = await podsOf(plane);
    const network = plane.podCidr.replace(/0\.0\/16$/, "");
    expect(pods.map((pod) => pod.status.phase).sort()).toEqual(["Pending", "Running", "Running"]);
    for (const pod of pods.filter(isRunning)) {
      expect(pod.status.podIP?.startsWith(network)).toBe(true);
      expect(pod.status.conditions.map(({ type }) => type)).not.toContain("Ready");
    }

    await plane.addNode({ name: "gpu-2", gpus: 1 });
    await until("the third pod to run", LIMIT_MS, async () => (await podsOf(plane)).filter(isRunning).length === 3);
  });

  test("enforces RBAC: a ServiceAccount has only its bound permissions", async () => {
    await plane.kubectl(["create", "serviceaccount", "reader"]);
    const kubeconfig = await plane.serviceAccountKubeconfig("default", "reader");
    const refused = await plane.kubectl(["get", "pods"], { kubeconfig });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('User "system:serviceaccount:default:reader" cannot list resource "pods"');

    await plane.kubectl(["create", "rolebinding", "reader", "--clusterrole=view", "--serviceaccount=default:reader"]);
    await until(
      "the role binding to work",
      LIMIT_MS,
      async () => (await plane.kubectl(["get", "pods"], { kubeconfig })).code === 0,
    );
  });

  test("issues tokens for an audience", async () => {
    await plane.kubectl(["create", "serviceaccount", "caller"]);
    const token = await plane.serviceAccountToken("default", "caller", "avatarpool-gateway");
    const review = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: ["avatarpool-gateway"] },
    };
    const answer = await plane.kubectl(["create", "-o", "json", "-f", "-"], { stdin: JSON.stringify(review) });
    expect(JSON.parse(answer.stdout).status).toMatchObject({
      authenticated: true,
      audiences: ["avatarpool-gateway"],
      user: { username: "system:serviceaccount:default:caller" },
    });
    await expect(plane.serviceAccountToken("default", "nobody", "x")).rejects.toThrow(
      'answered 404: serviceaccounts "nobody" not found',
    );
  });

  test("keeps its data when the API server is killed and started again", async () => {
    await plane.kubectl(["create", "configmap", "kept"]);
    await plane.stopApiServer();
    expect((await plane.kubectl(["get", "configmap", "kept", "--request-timeout=2s"])).code).not.toBe(0);
    await plane.startApiServer();
    expect((await plane.kubectl(["get", "configmap", "kept", "-o", "name"])).stdout).toBe("configmap/kept\n");
  });

  test("runs beside another control plane and shares no data with it", async () => {
    await using other = await startControlPlane({ kwok: false });
    expect(other.url).not.toBe(plane.url);
    expect(other.podCidr).not.toBe(plane.podCidr);
    await other.kubectl(["create", "configmap", "of-the-other"]);
    expect((await plane.kubectl(["get", "configmap", "of-the-other"])).stderr).toContain("NotFound");
  });
});

test("a control plane leaves no process and no folder when its parent process is killed", async () => {
  const { starter, folder } = await startInChild();
  expect(await processesIn(folder)).toHaveLength(6);
  starter.kill("SIGKILL");
  await until("processes and folder to be removed", LIMIT_MS, () => isGone(folder));
});

test("a control plane leaves no process and no folder when its supervisor is killed", async () => {
  const { folder } = await startInChild();
  const supervisor = (await processesIn(folder)).find(({ command }) => command.includes("supervisor.ts"));
  process.kill(supervisor!.pid, "SIGKILL");
  await until("processes and folder to be removed", LIMIT_MS, () => isGone(folder));
});

test.each(["etcd", "kube-apiserver"])("a start that fails for %s quotes its log and leaves nothing", async (name) => {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const assets = path.join(folder, "assets");
  const temporary = path.join(folder, "tmp");
  await Promise.all([mkdir(assets), mkdir(temporary)]);
  await writeFile(path.join(assets, name), "#!/bin/sh\necho 'unknown flag: --no-such'\nexit 3\n", { mode: 0o755 });
  vi.stubEnv("KUBEBUILDER_ASSETS", assets);
  vi.stubEnv("TMPDIR", temporary);
  // A selected version would not be loaded from KUBEBUILDER_ASSETS.
  vi.stubEnv("AVATARPOOL_TEST_KUBERNETES", "");

  await expect(startControlPlane({ kwok: false })).rejects.toThrow(
    new RegExp(`${name} ended \\(code 3\\) before it was ready[^]*log of ${name}:\\nunknown flag: --no-such`),
  );
  expect(await readdir(temporary)).toEqual([]);
});

function gpuDeployment(replicas: number): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "worker" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "worker" } },
      template: {
        metadata: { labels: { app: "worker" } },
        spec: { containers: [{ name: "worker", image: "worker", resources: { limits: { "nvidia.com/gpu": "1" } } }] },
      },
    },
  };
}

async function podsOf(plane: ControlPlane): Promise<readonly Pod[]> {
  const { stdout } = await plane.kubectl(["get", "pods", "-l", "app=worker", "-o", "json"]);
  return (JSON.parse(stdout) as { items: Pod[] }).items;
}

function isRunning(pod: Pod): boolean {
  return pod.status.phase === "Running";
}

/** Starts a control plane in another process, which then runs until it is killed. */
async function startInChild(): Promise<{ readonly starter: ChildProcess; readonly folder: string }> {
  const module = pathToFileURL(path.join(import.meta.dirname, "../support/controlplane/index.ts")).href;
  const script = `
    import { startControlPlane } from ${JSON.stringify(module)};
    console.log((await startControlPlane()).folder);
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void starter.kill("SIGKILL"));
  const [line] = (await once(starter.stdout, "data")) as [Buffer];
  return { starter, folder: line.toString().trim() };
}

/** Processes with this folder in their command line: the supervisor and all components. */
async function processesIn(folder: string): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const all = await Promise.all(
    pids.map(async (pid) => ({ pid, command: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") })),
  );
  return all.filter(({ command }) => command.includes(folder));
}

async function isGone(folder: string): Promise<boolean> {
  const names = await readdir(path.dirname(folder));
  return !names.includes(path.basename(folder)) && (await processesIn(folder)).length === 0;
}
