import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toolPath } from "../support/controlplane/index.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** The built plugin behind the real kubectl, with the permissions of Kubernetes' own roles view and edit. */

const NAMESPACE = "cli";
const dist = path.join(import.meta.dirname, "..", "..", "dist");

let stage: Stage;
let scenario: Scenario;
let environment: Readonly<Record<string, string>>;
const kubeconfigs = new Map<string, string>();

beforeAll(async () => {
  await ensureBundle((line) => console.error(line));
  stage = await Stage.open();
  scenario = await stage.scenario(NAMESPACE);
  const folders = [dist, path.dirname(await toolPath("kubectl")), path.dirname(process.execPath), process.env.PATH ?? ""];
  environment = { PATH: folders.join(path.delimiter), HOME: stage.plane.folder, TERM: "xterm-256color" };
  for (const role of ["view", "edit"]) {
    await scenario.kubectl(["create", "serviceaccount", role]);
    const subject = `--serviceaccount=${NAMESPACE}:${role}`;
    await scenario.kubectl(["create", "rolebinding", role, `--clusterrole=${role}`, subject]);
    kubeconfigs.set(role, await stage.plane.serviceAccountKubeconfig(NAMESPACE, role));
  }
  await scenario.readyPool({ workers: [gpuGroup({ min: 2, coldStart: "2s" })] });
  await scenario.until("two warm workers", async () => (await scenario.status()).groups?.[0]?.warm === 2);
});

afterAll(async () => {
  await stage?.stop();
});

type Role = "view" | "edit";

const envOf = (role: Role) => ({ ...environment, KUBECONFIG: kubeconfigs.get(role) ?? "" });

/** Runs `kubectl avatarpool`. @returns its output and its exit code. */
function plugin(role: Role, ...args: readonly string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve) => {
    execFile("kubectl", ["avatarpool", ...args], { env: envOf(role) }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code) }),
    );
  });
}

/** Runs `kubectl avatarpool` in a terminal of 40 lines, and sends Ctrl-C once the output contains a text. */
async function inTerminal(role: Role, until: string, ...args: readonly string[]) {
  const command = `stty rows 40 cols 160; exec kubectl avatarpool ${args.join(" ")}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], { env: envOf(role) });
  let output = "";
  let stopped = false;
  const startedMs = performance.now();
  let firstMs = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (stopped || !output.includes(until)) return;
    stopped = true;
    firstMs = performance.now() - startedMs;
    child.stdin.write("\u0003");
  });
  const [code] = await once(child, "close");
  return { output, code, firstMs };
}

describe("kubectl avatarpool", () => {
  it("is found by kubectl, and names itself so", async () => {
    const { stdout } = await plugin("view", "status", "--help");
    expect(stdout).toContain("Usage: kubectl avatarpool status");
    expect((await plugin("view", "--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("shows a pool and a table with the role view, without colours in a pipe", async () => {
    const { stdout, code } = await plugin("view", "status", "pool");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^AvatarPool cli\/pool {3}Ready: /);
    expect(stdout).toMatch(/gpu workers +●● +2 warm\n/);
    expect(stdout).toMatch(/\ndecisions +\d+s {2}gpu 0 -> 2: /);
    expect(stdout).not.toContain("\u001b");
    expect((await plugin("view", "status", "-o", "wide")).stdout).toMatch(/^POOL .*\npool {3,}Ready /);
    expect(JSON.parse((await plugin("view", "status", "pool", "-o", "json")).stdout)).toMatchObject({ state: "Ready" });
  });

  it("explains a missing permission, and exits with the documented codes", async () => {
    const user = `--user system:serviceaccount:${NAMESPACE}:view`;
    const denied = await plugin("view", "pause", "pool");
    expect(denied).toMatchObject({ code: 4, stdout: "" });
    expect(denied.stderr).toContain(
      `kubectl avatarpool: you are not allowed to patch avatarpools.avatarpool.dev in namespace cli: request the role edit, ` +
        `for example by kubectl create rolebinding avatarpool-edit --clusterrole edit ${user} -n cli`,
    );
    const everywhere = await plugin("view", "status", "-A");
    expect(everywhere).toMatchObject({ code: 4 });
    expect(everywhere.stderr).toMatch(/list avatarpools.avatarpool.dev in all namespaces.*create clusterrolebinding .* view/);
    expect(await plugin("view", "status", "none")).toMatchObject({ code: 1, stderr: expect.stringMatching(/no AvatarPool none/) });
    expect(await plugin("view", "status", "pool", "-A")).toMatchObject({ code: 2 });
    expect(await plugin("view", "status", "-o", "xml")).toMatchObject({ code: 2 });
  });

  it("completes names of the cluster through kubectl", async () => {
    const completed = await new Promise<string>((resolve) =>
      execFile("kubectl", ["__complete", "avatarpool", "status", "po"], { env: envOf("view") }, (_error, stdout) =>
        resolve(stdout),
      ),
    );
    expect(completed).toMatch(/^pool\n:4\n/);
  });

  it("draws a live view with colours on a terminal, and restores the cursor on Ctrl-C", async () => {
    const { output, code, firstMs } = await inTerminal("view", "gpu slots", "status", "pool", "--watch");
    console.log(`status --watch: first screen after ${Math.round(firstMs)} ms`);
    expect(code).toBe(0);
    expect(output).toContain("\u001b[32mReady\u001b[39m");
    const [hide, show] = ["\u001b[?25l", "\u001b[?25h"];
    expect(output.indexOf(hide)).toBeGreaterThan(-1);
    expect(output.lastIndexOf(show)).toBeGreaterThan(output.lastIndexOf(hide));
  });

  it("pauses and resumes a pool with the role edit, and waits for it", async () => {
    expect(await plugin("edit", "pause", "pool")).toMatchObject({ code: 0, stderr: "" });
    await scenario.condition("Paused", { status: "True" });
    expect(await plugin("edit", "resume", "pool")).toMatchObject({ code: 0 });
    await scenario.condition("Paused", { status: "False" });
    expect(await plugin("view", "wait", "pool", "--for=warm")).toMatchObject({ code: 0 });
  });
});

it("drains a worker: it keeps its session, is replaced at once, and is removed after its last session", async () => {
  const [busy = ""] = await scenario.sessions(1);
  expect(await plugin("edit", "drain", busy)).toMatchObject({ code: 0 });
  const others = async () => (await scenario.status()).groups?.[0]?.warm;
  await scenario.until("a replacement", async () => (await scenario.podNames()).length === 3 && (await others()) === 2);
  for (const room of ["one", "two", "three"]) expect((await scenario.launch({ room })).worker).not.toBe(busy);
  expect(scenario.workers().find((worker) => worker.pod.name === busy)?.activeSessions).toBe(1);
  scenario.endSessions(busy);
  await scenario.until("the drained worker to be removed", async () => !(await scenario.podNames()).includes(busy));
  scenario.endSessions();
  await scenario.until("no session", async () => (await scenario.status()).sessions === 0);
  expect(scenario.kills()).toEqual([]);
});

it("restarts a group without ending a session", async () => {
  await scenario.until("two warm workers", async () => (await scenario.status()).groups?.[0]?.warm === 2);
  const former = await scenario.podNames();
  const [busy = ""] = await scenario.sessions(1);
  expect(await plugin("edit", "restart", "gpu")).toMatchObject({ code: 0 });
  await scenario.until("the idle worker to be replaced", async () => {
    const names = await scenario.podNames();
    return former.filter((name) => names.includes(name)).every((name) => name === busy);
  });
  scenario.endSessions();
  await scenario.until("every worker to be new", async () => (await scenario.podNames()).every((name) => !former.includes(name)));
  expect(scenario.kills()).toEqual([]);
});

it("waits until the timeout for a pool that is not warm", async () => {
  await scenario.pool({ workers: [gpuGroup({ min: 2, coldStart: "2s" })], warm: { slots: 50 } });
  const late = await plugin("view", "wait", "pool", "--for=warm", "--timeout=1s");
  expect(late).toMatchObject({ code: 3, stderr: expect.stringMatching(/cli\/pool is not warm after 1s: /) });
});
