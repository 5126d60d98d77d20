import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { pods } from "../../operator/kube/resource-types.ts";
import type { KubeObject } from "../../operator/kube/types.ts";
import { type OutsidePort, outsidePort } from "../support/product/outside-address.ts";
import { gpuGroup, type Scenario, SECRET_VALUE, Stage } from "../support/scenario/index.ts";
import { poolObject } from "../support/scenario/pool-object.ts";

/** The real CLI with the permissions of its user, through the real API server, to the real operator and gateway. */

const TOKEN = "launch-token-of-the-cli-test";
const OPERATOR_NAMESPACE = "avatarpool";
const main = path.join(import.meta.dirname, "..", "..", "operator", "main.ts");

let stage: Stage;
let scenario: Scenario;
let folder: string;
let gatewayPort: OutsidePort;

beforeAll(async () => {
  stage = await Stage.open({ values: "gateway.secretAccess.enabled=true" });
  folder = await mkdtemp(path.join(tmpdir(), "cli-"));
  gatewayPort = await outsidePort(stage.gateways[0]?.url ?? "");
  await gatewayPod(gatewayPort);
  scenario = await stage.scenario("calls");
  await scenario.kubectl(["create", "secret", "generic", "clients", `--from-literal=web=${TOKEN}`]);
  await scenario.pool({ workers: [gpuGroup({ min: 1 })], launch: { auth: { secretRef: { name: "clients" } } } });
  await scenario.condition("Ready", { status: "True" });
});

afterAll(async () => {
  await gatewayPort?.[Symbol.asyncDispose]();
  await stage?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** The gateway's pod. It has no node, and the address of the gateway's process. */
async function gatewayPod({ address, port }: OutsidePort): Promise<void> {
  const ref = { namespace: OPERATOR_NAMESPACE, name: "avatarpool-gateway-0" };
  const labels = { "app.kubernetes.io/part-of": "avatarpool", "app.kubernetes.io/component": "gateway" };
  const ports = [{ name: "launch", containerPort: port }];
  const spec = { schedulerName: "none", containers: [{ name: "gateway", image: "avatarpool:test", ports }] };
  await stage.client.create(pods, { metadata: { ...ref, labels }, spec } as KubeObject);
  const status = { podIP: address, podIPs: [{ ip: address }], conditions: [{ type: "Ready", status: "True" }] };
  await stage.client.mergePatch(pods, ref, { status }, { subresource: "status" });
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the CLI. @param kubeconfig default: the administrator's. */
async function cli(args: readonly string[], kubeconfig = stage.plane.kubeconfig, env: Record<string, string> = {}): Promise<Ran> {
  const options = { env: { PATH: process.env.PATH ?? "", KUBECONFIG: kubeconfig, ...env }, cwd: folder };
  try {
    const ran = await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], options);
    return { code: 0, ...ran };
  } catch (error) {
    return error as Ran;
  }
}

/** A user with these rules in the pool's namespace and in that of the operator. @returns a kubeconfig. */
async function user(name: string, rules: readonly object[]): Promise<string> {
  await scenario.kubectl(["create", "serviceaccount", name]);
  for (const namespace of [scenario.namespace, OPERATOR_NAMESPACE]) {
    const metadata = { name: `cli-${name}`, namespace };
    const rbac = "rbac.authorization.k8s.io";
    const subjects = [{ kind: "ServiceAccount", name, namespace: scenario.namespace }];
    const roleRef = { apiGroup: rbac, kind: "Role", name: metadata.name };
    const objects = [
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
      { apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata, subjects, roleRef },
    ];
    const { code, stderr } = await stage.plane.kubectl(["apply", "-f", "-"], {
      stdin: objects.map((object) => stringify(object)).join("---\n"),
    });
    if (code !== 0) throw new Error(stderr);
  }
  return stage.plane.serviceAccountKubeconfig(scenario.namespace, name);
}

const launched = (room: string) =>
  scenario
    .launch({ room, request: { headers: { authorization: `Bearer ${TOKEN}` } } })
    .then(({ status, body }) => expect([status, body]).toMatchObject([200, {}]));

describe("sessions", () => {
  it("are listed, shown and ended with a token of the pool's Secret, which never appears", async () => {
    await launched("room 1/ä");
    const list = await cli(["sessions", "list", "pool", "-n", "calls"]);
    expect(list).toMatchObject({ code: 0, stderr: "" });
    expect(list.stdout).toMatch(
      /^ROOM +STATE +AGE +PRESET +WORKER +GROUP\nroom 1\/ä +(pending|running) +\d+s +maya +pool-gpu-\S+ +gpu\n$/,
    );
    const json = await cli(["sessions", "list", "-A", "-o", "json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      sessions: [{ namespace: "calls", pool: "pool", room: "room 1/ä" }],
      complete: true,
    });

    const asked = await cli(["sessions", "stop", "room 1/ä", "-n", "calls"]);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringMatching(/no terminal .*: add --yes$/m) });
    expect(scenario.activeSessions()).toBe(1);
    const stopped = await cli(["sessions", "stop", "room 1/ä", "-n", "calls", "--yes"]);
    expect(stopped).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^session in room room 1\/ä on worker pool-gpu-\S+: cancelled$/m),
    });
    expect(scenario.activeSessions()).toBe(0);
    const gone = await cli(["sessions", "show", "nowhere", "-n", "calls"]);
    expect(gone).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no pool of namespace calls has a session in room nowhere"),
    });
    for (const { stdout, stderr } of [list, json, asked, stopped, gone]) expect(stdout + stderr).not.toContain(TOKEN);
  });

  it("explain each missing permission, and what to do without it", async () => {
    const pools = { apiGroups: ["avatarpool.dev"], resources: ["avatarpools"], verbs: ["get", "list"] };
    const nobody = await cli(["sessions", "list", "pool", "-n", "calls"], await user("nobody", []));
    expect(nobody).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/not allowed to get avatarpools\.avatarpool\.dev in namespace calls: request the role view/),
    });
    const noSecret = await cli(["sessions", "list", "pool", "-n", "calls"], await user("no-secret", [pools]));
    expect(noSecret).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /requires a launch token, and you are not allowed to get secrets in namespace calls.*--token-file/,
      ),
    });

    const file = path.join(folder, "token");
    await writeFile(file, `${TOKEN}\n`);
    const listPods = { apiGroups: [""], resources: ["pods"], verbs: ["list"] };
    const proxyGet = { apiGroups: [""], resources: ["pods/proxy"], verbs: ["get"] };
    const args = ["-n", "calls", "--token-file", file];
    const noPods = await cli(["sessions", "list", "pool", ...args], await user("no-pods", [pools]));
    expect(noPods).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/not allowed to list pods in namespace avatarpool.*--gateway-url/),
    });
    const reader = await user("reader", [pools, listPods, proxyGet]);
    expect(await cli(["sessions", "list", "pool", ...args], reader)).toMatchObject({ code: 0, stderr: "there are no sessions\n" });
    const noStop = await cli(["sessions", "stop", "r", "pool", "--yes", ...args], reader);
    expect(noStop.stderr).toMatch(/status 404: pool calls\/pool has no session in room r/);
    const noLaunch = await cli(["launch", "pool", ...args], reader, livekit);
    expect(noLaunch).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/not allowed to create pods\/proxy in namespace avatarpool/),
    });
  });
});

const livekit = { LIVEKIT_URL: "ws://127.0.0.1:1", LIVEKIT_API_KEY: "key", LIVEKIT_API_SECRET: "secret-of-livekit-for-this-test" };

it("launch prints the stages of a real launch, and ends it", async () => {
  const { code, stdout, stderr } = await cli(["launch", "pool", "-n", "calls"], undefined, livekit);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^0\.0 s {2}sent to pool calls\/pool, room \S+\n.* s {2}forwarded to worker pool-gpu-\S+ \(warm\): queue 0 ms, pick \d+ ms, forward \d+ ms\n.* s {2}running on worker pool-gpu-\S+\n.* s {2}ended\n$/,
  );
  expect(scenario.activeSessions()).toBe(0);
  const refused = await cli(["launch", "pool", "--preset", "nobody", "-n", "calls", "-o", "json"], undefined, livekit);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/the launch failed with status 404: /) });
});

it("logs name the reason of the API server for a pod without a log", async () => {
  const { code, stderr } = await cli(["logs", "pool", "-n", "calls"]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^no log of pool-gpu-\S+: GET \S+\/log answered 5\d\d /)]);
});

it("report has objects and what is missing, and no secret", async () => {
  await scenario.changePool({
    presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg?X-Amz-Signature=f00dfeedf00dfeed" } }],
    workers: [gpuGroup({ min: 1, env: [{ name: "EXTRA", value: "a-private-value-of-env" }] })],
    launch: { auth: { secretRef: { name: "clients" } } },
  });
  const { code, stdout, stderr } = await cli(["report", "pool", "-n", "calls", "--file", "r.tar.gz", "--url", stage.operator.url]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^r\.tar\.gz: \d+ files$/m)]);
  expect(stderr).toMatch(/^missing: log calls\/pool-gpu-/m);
  const entries = new Map<string, string>();
  const reading = extract();
  reading.end(gunzipSync(await readFile(path.join(folder, "r.tar.gz"))));
  for await (const entry of reading) entries.set(entry.header.name.replace(/^[^/]+\//, ""), await text(entry));
  expect([...entries.keys()]).toEqual(
    expect.arrayContaining([
      "objects/pools.yaml",
      "objects/pods.yaml",
      "objects/installation/leases.yaml",
      "operator/pool/decisions.json",
      "manifest.json",
    ]),
  );
  expect(entries.get("objects/pods.yaml")).toContain("[redacted]");
  const all = [...entries.values()].join("\n");
  for (const secret of [SECRET_VALUE, TOKEN, "a-private-value-of-env", "f00dfeedf00dfeed"]) {
    expect(all).not.toContain(secret);
    expect(all).not.toContain(Buffer.from(secret).toString("base64"));
  }
});

it("lint --server reports the rules of the API server with lines, and changes nothing", async () => {
  const file = path.join(folder, "pools.yaml");
  const content = [poolObject({ workers: [gpuGroup({ min: 9, max: 4 })] }), poolObject({ warm: { slots: "5 %" } })]
    .map((pool) => stringify(pool))
    .join("---\n");
  await writeFile(file, content);
  const local = await cli(["lint", "-f", file]);
  expect(local.stderr).toMatch(/^not checked: the \d+ CEL rules of the CRD/m);
  const { code, stdout } = await cli(["lint", "-f", file, "--server", "-n", "calls", "-o", "json"]);
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout) as {
    readonly findings: readonly { readonly rule: string; readonly line: number; readonly why: string }[];
  };
  const line = content.split("\n").findIndex((written) => written.includes("name: gpu")) + 1;
  expect(findings.filter(({ rule }) => rule === "api-server")[0]).toMatchObject({
    line,
    why: expect.stringMatching(/min must not exceed max/),
  });
  expect(JSON.stringify(await scenario.getPool())).not.toContain('"min":9');
});
