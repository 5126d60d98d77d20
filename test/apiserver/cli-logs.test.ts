import { type ChildProcess, execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CONSOLE_PORT } from "../../operator/api/console.ts";
import { labels } from "../../operator/api/names.ts";
import { KubeClient } from "../../operator/kube/client.ts";
import { loadKubeConfig } from "../../operator/kube/config.ts";
import { leases, pods } from "../../operator/kube/resource-types.ts";
import type { KubeObject } from "../../operator/kube/types.ts";
import { DebugServer } from "../support/controlplane/debug-server.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";

/** Logs and port-forwards through the real API server. In place of a kubelet, kwok serves files and ports of this machine. */

const main = path.join(import.meta.dirname, "..", "..", "operator", "main.ts");
const OPERATOR = { namespace: "avatarpool", name: "avatarpool-operator-0" };
const WORKER = { namespace: "avatars", name: "support-gpu-0" };

let plane: ControlPlane;
let kubelet: DebugServer;
let client: KubeClient;
let page: Server;
const authorizations: (string | undefined)[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ nodes: [{ name: "node-0", cpu: "8", memory: "8Gi" }] });
  client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "test" });
  for (const namespace of ["avatarpool", "avatars"]) await plane.kubectl(["create", "namespace", namespace]);
  page = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.end(`console ${request.url}`);
  });
  await new Promise<void>((listening) => page.listen(0, "127.0.0.1", listening));
  kubelet = await DebugServer.start(plane, {
    node: "node-0",
    logs: {
      operator: await logFile("operator", {
        1: '{"level":"info","msg":"scaled","namespace":"avatars","pool":"support","to":3}',
        3: '{"level":"warn","msg":"of another pool","namespace":"avatars","pool":"sales"}',
      }),
      worker: await logFile("worker", { 2: "loading the model", 4: "ready" }),
    },
    ports: { [CONSOLE_PORT]: (page.address() as AddressInfo).port },
  });
  const part = { "app.kubernetes.io/part-of": "avatarpool", "app.kubernetes.io/component": "operator" };
  await runningPod(OPERATOR, "operator", part);
  await runningPod(WORKER, "worker", { [labels.pool]: "support" });
  const spec = { holderIdentity: OPERATOR.name, leaseDurationSeconds: 15 };
  await client.create(leases, { metadata: { namespace: "avatarpool", name: "avatarpool-operator" }, spec } as KubeObject);
});

afterAll(async () => {
  page?.close();
  await kubelet?.[Symbol.asyncDispose]();
  await client?.close();
  await plane?.stop();
});

/** A log as a container runtime writes it. @param lines by second. */
async function logFile(name: string, lines: Readonly<Record<number, string>>): Promise<string> {
  const file = path.join(plane.folder, `${name}.cri.log`);
  const written = Object.entries(lines).map(([second, line]) => `2026-01-01T00:00:0${second}.000000000Z stdout F ${line}\n`);
  await writeFile(file, written.join(""));
  return file;
}

async function runningPod(ref: typeof WORKER, container: string, podLabels: Readonly<Record<string, string>>): Promise<void> {
  const spec = { nodeName: "node-0", containers: [{ name: container, image: "none" }] };
  await client.create(pods, { metadata: { ...ref, labels: podLabels }, spec } as KubeObject);
  const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
  const status = { name: container, image: "none", imageID: "", ready: true, restartCount: 0, state };
  await client.mergePatch(pods, ref, { status: { phase: "Running", containerStatuses: [status] } }, { subresource: "status" });
}

const env = () => ({ PATH: process.env.PATH ?? "", KUBECONFIG: plane.kubeconfig });
const args = (...rest: readonly string[]) => ["--disable-warning=ExperimentalWarning", main, ...rest];

it("logs of operator and worker are merged by time, without lines of other pools", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args("logs", "support", "-n", "avatars"), { env: env() });
  expect(stderr).toBe("");
  expect(stdout.split("\n").map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
    "00:00:01.000  avatarpool-operator-0  info  scaled  namespace=avatars pool=support to=3",
    "00:00:02.000  support-gpu-0  -  loading the model",
    "00:00:04.000  support-gpu-0  -  ready",
    "",
  ]);
});

it("the dashboard serves the console of the leading operator with the viewer's token, and prints it nowhere", async () => {
  const dashboard = spawn(process.execPath, args("dashboard", "--no-open"), { env: env(), stdio: ["ignore", "pipe", "pipe"] });
  try {
    const link = await linkOf(dashboard);
    const welcome = await fetch(link, { redirect: "manual" });
    expect([welcome.status, welcome.headers.get("location")]).toEqual([303, "/"]);
    const cookie = welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
    const responses = await Promise.all([1, 2, 3].map((at) => fetch(new URL(`/api/viewer?${at}`, link), { headers: { cookie } })));
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual(
      [1, 2, 3].map((at) => `console /api/viewer?${at}`),
    );
    const token = await client.bearerToken();
    expect(new Set(authorizations)).toEqual(new Set([`Bearer ${token}`]));
    expect(link).not.toContain(token);
    expect((await fetch(new URL("/", link))).status).toBe(403);
  } finally {
    dashboard.kill("SIGTERM");
  }
});

it("the dashboard explains a missing permission", async () => {
  await plane.kubectl(["create", "serviceaccount", "viewer", "-n", "avatars"]);
  const kubeconfig = await plane.serviceAccountKubeconfig("avatars", "viewer");
  const run = (...rest: readonly string[]) =>
    promisify(execFile)(process.execPath, args("dashboard", "--no-open", ...rest), {
      env: { ...env(), KUBECONFIG: kubeconfig },
    }).catch((error: { readonly code: number; readonly stderr: string }) => error);
  expect(await run()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/not allowed to get leases\.coordination\.k8s\.io in namespace avatarpool.*--console-url/),
  });
  expect(await run("--service-account", "avatars/viewer")).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/not allowed to create serviceaccounts\/token in namespace avatars/),
  });
});

/** @throws Error if the process ends without a link. */
async function linkOf({ stdout, stderr }: ChildProcess): Promise<string> {
  let said = "";
  stderr?.on("data", (chunk) => {
    said += String(chunk);
  });
  if (stdout !== null)
    for await (const line of createInterface({ input: stdout })) {
      const link = /^The console is at (\S+)$/.exec(line)?.[1];
      if (link !== undefined) return link;
    }
  throw new Error(`no link: ${said}`);
}
