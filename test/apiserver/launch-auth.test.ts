import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { type GatewayProcess, startGateway } from "../support/gateway/process.ts";

/** Tokens of a real Secret, read by a gateway with the chart's permissions. No worker runs: an authenticated launch gets queue_full. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const waiting = { timeout: 30_000, interval: 100 };

let plane: ControlPlane;
let gateway: GatewayProcess;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  for (const namespace of ["avatars", "avatarpool"]) await kubectl(["create", "namespace", namespace]);
  const values = "--set=gateway.secretAccess.enabled=true,gateway.secretAccess.names={clients}";
  const { code, stderr } = await plane.run("helm", ["install", "avatarpool", chart, "--namespace=avatarpool", values]);
  if (code !== 0) throw new Error(stderr);
  await kubectl(["create", "secret", "generic", "clients", "--namespace=avatars", "--from-literal=ann=a-token"]);
  await create(pool("support", "clients"));
  await create(pool("missing", "nobody"));
  const kubeconfig = await plane.serviceAccountKubeconfig("avatarpool", "avatarpool-gateway");
  gateway = await startGateway({ KUBECONFIG: kubeconfig, AVATARPOOL_DEFAULT_POOL: "avatars/support" });
});

afterAll(async () => {
  await gateway?.stop();
  await plane?.stop();
});

async function kubectl(args: readonly string[], stdin = ""): Promise<void> {
  const { code, stderr } = await plane.kubectl(args, { stdin });
  if (code !== 0) throw new Error(stderr);
}

const create = (object: unknown) => kubectl(["create", "-f", "-"], JSON.stringify(object));

function pool(name: string, secret: string) {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { namespace: "avatars", name },
    spec: {
      apiSecretRef: { name: "maker" },
      presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max: 1 }],
      launch: { queue: { length: 0 }, auth: { secretRef: { name: secret } } },
    },
  };
}

async function launch(token: string, to = "/launch") {
  const body = new URLSearchParams({ livekit_url: "ws://livekit.test", livekit_token: "jwt", room_name: "room" });
  const response = await fetch(`${gateway.launches}${to}`, { method: "POST", body, headers: { authorization: `Bearer ${token}` } });
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, ...error };
}

const letIn = { status: 503, code: "queue_full" };
const refused = { status: 401, code: "unauthorized" };

describe("launch.auth", () => {
  it("accepts a token of the Secret", async () => {
    await expect.poll(async () => (await fetch(`${gateway.internal}/readyz`)).status, waiting).toBe(200);
    expect(await launch("a-token")).toMatchObject(letIn);
    expect(await launch("b-token")).toMatchObject(refused);
  });

  it("reports the missing permission to read the Secret", async () => {
    const { status, code, message } = await launch("a-token", "/avatars/missing/launch");
    expect([status, code]).toEqual([503, "auth_unavailable"]);
    expect(message).toContain("the gateway is not allowed to read Secret nobody in namespace avatars: set gateway.secretAccess");
  });

  it("accepts a new token and rejects a removed one without a restart", async () => {
    await kubectl([
      "patch",
      "secret",
      "clients",
      "--namespace=avatars",
      "-p",
      '{"stringData":{"bob":"b-token"},"data":{"ann":null}}',
    ]);
    await expect.poll(() => launch("b-token"), waiting).toMatchObject(letIn);
    await expect.poll(() => launch("a-token"), waiting).toMatchObject(refused);
  });

  it("uses the last known tokens while the API server is unavailable", async () => {
    await plane.stopApiServer();
    expect(await launch("b-token")).toMatchObject(letIn);
    expect(await launch("a-token")).toMatchObject(refused);
    await plane.startApiServer();
  });

  it("logs the client's name and no token", async () => {
    const line = expect.objectContaining({ msg: "launch", client: "bob", outcome: "queue_full" });
    await expect.poll(() => gateway.log, waiting).toContainEqual(line);
    expect(JSON.stringify(gateway.log)).not.toMatch(/[ab]-token/);
  });
});
