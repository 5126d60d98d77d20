import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Decisions, decisionsSchema } from "../../operator/api/debug.ts";
import { gpuGroup, SECRET_VALUE, Stage } from "../support/scenario/index.ts";

/** The real operator serves its decisions, and the real CLI prints them. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

const main = path.join(import.meta.dirname, "..", "..", "operator", "main.ts");

/** Runs the CLI. @returns its output, also if it fails. */
async function cli(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = { PATH: process.env.PATH ?? "", KUBECONFIG: stage.plane.kubeconfig };
  try {
    return await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], { env });
  } catch (error) {
    return error as { stdout: string; stderr: string };
  }
}

const page = (query = "") => fetch(`${stage.operator.url}/debug/decisions${query}`);
const decisions = async (pool: string): Promise<Decisions> => decisionsSchema.parse(await (await page(`?pool=${pool}`)).json());

it("HTTP and the CLI show a change of size with its reason and numbers; a new leader starts with an empty list", async () => {
  const scenario = await stage.scenario("explain");
  await scenario.readyPool({ workers: [gpuGroup({ min: 1 })] });
  await scenario.pool({ workers: [gpuGroup({ min: 3 })] });
  await scenario.until("three workers", async () => (await scenario.status()).groups?.[0]?.warm === 3);

  expect(await (await page()).json()).toMatchObject({ operator: "operator-1", pools: ["explain/pool"] });
  expect((await page("?pool=explain/none")).status).toBe(404);
  const { latest, changes } = await decisions("explain/pool");
  expect(changes.map(({ from, to }) => [from, to])).toEqual([
    [1, 3],
    [0, 1],
  ]);
  expect(changes[0]).toMatchObject({ group: "gpu", outcome: "grew", inputs: { min: 3, max: 4, slotsPerWorker: 2 } });
  expect(latest).toMatchObject([{ to: 3, outcome: "unchanged", reason: expect.stringMatching(/^unchanged: /) }]);
  expect(JSON.stringify(changes)).not.toContain(SECRET_VALUE);

  const here = ["-n", "explain", "--url", stage.operator.url];
  const { stdout } = await cli("explain", "pool", ...here, "--limit", "1");
  expect(stdout).toMatch(
    /^AvatarPool explain\/pool: decisions of operator-1, leader since \S+Z\n\nNow\n {2}\S+Z {2}gpu stays at 3\n/,
  );
  expect(stdout).toContain(`gpu 1 -> 3\n    ${changes[0]?.reason}\n    from: sessions 0`);
  expect(stdout).not.toContain("gpu 0 -> 1");

  await stage.operator.process.stop("SIGTERM");
  await stage.restartOperator();
  await scenario.until("the new operator to lead", async () => (await page()).ok);
  await scenario.until("the first decision about the pool", async () => (await decisions("explain/pool")).latest.length === 1);
  expect(await decisions("explain/pool")).toMatchObject({ changes: [], latest: [{ to: 3, outcome: "unchanged" }] });
  expect((await cli("explain", "pool", "-n", "explain", "--url", stage.operator.url)).stdout).toMatch(
    /No change of size since \S+Z/,
  );
});

it("without the operator the CLI prints the status's last decision, and reports a missing pool", async () => {
  const scenario = await stage.scenario("silent");
  await scenario.readyPool();
  // The operator is a process here, so that the API server finds no pod to forward the request to.
  const { stdout, stderr } = await cli("explain", "pool", "-n", "silent");
  expect(stderr).toMatch(
    /^Only the last decision is available, .*\(.*pods "operator-\d" not found\).* kubectl -n avatarpool port-forward pod\/operator-\d 8081 and add --url/,
  );
  expect(stdout).toMatch(/^AvatarPool silent\/pool, last decision\n {2}\S+Z {2}gpu 0 -> 1\n {4}0 sessions/);
  expect((await cli("explain", "none", "-n", "silent", "--url", stage.operator.url)).stderr).toBe(
    "avatarpool: there is no AvatarPool none in namespace silent: list all pools with kubectl get avp -A, and set the namespace with -n\n",
  );
});

it("a standby replica names the leader", async () => {
  const standby = await stage.product.startOperator();
  const leader = (await (await page()).json()) as { readonly operator: string };
  const answer = async () => (await fetch(`${standby.url}/debug/decisions`)).json() as Promise<{ readonly message: string }>;
  await expect
    .poll(async () => (await answer()).message, { timeout: 20_000 })
    .toMatch(`does not lead: send the request to the leader ${leader.operator}`);
  expect((await fetch(`${standby.url}/debug/decisions?pool=a/b`)).status).toBe(503);
  await standby.process.stop();
});

it("a plan prints the operator's decisions for a file and writes nothing; the operator then makes the same decisions", async () => {
  const scenario = await stage.scenario("plan");
  await scenario.readyPool({ workers: [gpuGroup({ min: 1 })] });
  await scenario.sessions(2);
  await scenario.until("two workers", async () => (await scenario.status()).groups?.[0]?.warm === 2);
  const before = await scenario.getPool();
  const spec = { apiSecretRef: { name: "bithuman" }, presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }] };
  const file = path.join(stage.plane.folder, "plan.yaml");
  const changed = { ...spec, workers: [gpuGroup()], warm: { slots: 3 } };
  await writeFile(
    file,
    stringify({ apiVersion: "avatarpool.dev/v1alpha1", kind: "AvatarPool", metadata: { name: "pool" }, spec: changed }),
  );

  const { stdout } = await cli("plan", "-f", file, "-n", "plan", "--url", stage.operator.url);
  expect(stdout).toMatch(
    /^AvatarPool plan\/pool: what the operator would do now. Nothing was written.\n\n {2}gpu 2 -> 3\n {4}2 sessions \+ .*3 warm = 5 slots \/ 2 per worker = 3/,
  );
  expect(stdout).not.toContain("counted as none");
  expect((await scenario.getPool())?.metadata?.generation).toBe(before?.metadata?.generation);
  expect(await scenario.replicas()).toBe(2);
  await scenario.pool({ warm: { slots: 3 } });
  await scenario.until("the operator to scale to 3", async () => (await scenario.replicas()) === 3);

  const blind = await cli("plan", "pool", "-n", "plan");
  expect(blind.stdout).toMatch(/gpu stays at 3\n.*no gateway is connected/);
  expect(blind.stdout).toMatch(/- sessions and waiting launches, counted as none, so that no worker is removed: /);
});
