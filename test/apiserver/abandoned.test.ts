import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { labels } from "../../operator/api/names.ts";
import { ON_BEHALF } from "../../operator/gateway/sessions/room-view.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { type Fleet, startFleet } from "../support/fleet/index.ts";
import { type GatewayProcess, startGateway } from "../support/gateway/process.ts";
import { join } from "../support/livekit/participant.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET, type LivekitServer, startLivekit } from "../support/livekit/server.ts";
import { freePort } from "../support/product/free-port.ts";

/** Sessions whose agent leaves, with a real LiveKit server, and a gateway with the rights that the chart gives it. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const namespace = "avatars";
const waiting = { timeout: 30_000, interval: 50 };

let plane: ControlPlane;
let fleet: Fleet;
let livekit: LivekitServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  plane = await startControlPlane({ nodes: [{ name: "gpu-1", gpus: 1 }] });
  const launchPort = await freePort();
  livekit = await startLivekit(`http://127.0.0.1:${launchPort}/${namespace}/support/livekit-webhook`);
  fleet = await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: 10, onLog: (line) => console.error(line) });
  for (const name of [namespace, "avatarpool"]) await kubectl(["create", "namespace", name]);
  const values = "--set=gateway.replicas=0,gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}";
  await succeed(plane.run("helm", ["install", "avatarpool", chart, "--namespace=avatarpool", values]));
  const literals = [`--from-literal=api-key=${LIVEKIT_KEY}`, `--from-literal=api-secret=${LIVEKIT_SECRET}`];
  await kubectl(["create", "secret", "generic", "livekit", `--namespace=${namespace}`, ...literals]);
  await kubectl(["create", "-f", "-"], JSON.stringify(pool()));
  await kubectl(["create", "-f", "-"], JSON.stringify(worker));
  gateway = await startGateway({
    KUBECONFIG: await plane.serviceAccountKubeconfig("avatarpool", "avatarpool-gateway"),
    AVATARPOOL_LAUNCH_PORT: String(launchPort),
  });
  await vi.waitUntil(() => fleet.workers().some(({ state }) => state === "ready"), waiting);
});

afterAll(async () => {
  await gateway?.stop();
  await fleet?.stop();
  await livekit?.[Symbol.asyncDispose]();
  await plane?.stop();
});

async function succeed(run: ReturnType<ControlPlane["run"]>): Promise<string> {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const kubectl = (args: readonly string[], stdin = "") => succeed(plane.kubectl(args, { stdin }));

function pool() {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { namespace, name: "support" },
    spec: {
      apiSecretRef: { name: "maker" },
      presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max: 1 }],
      livekit: { url: livekit.url, apiKeyRef: { name: "livekit" }, abandonedAfter: "5s" },
    },
  };
}

const own = { [labels.pool]: "support", [labels.group]: "gpu", [labels.engine]: "expression" };
/** What the operator would make of the pool, as far as a gateway looks at it: one worker with one slot. */
const worker = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace, name: "support" },
  spec: {
    replicas: 1,
    selector: { matchLabels: own },
    template: {
      metadata: { labels: own },
      spec: {
        containers: [
          {
            name: "worker",
            image: "worker:1",
            env: [
              { name: "MAX_SESSIONS", value: "1" },
              // Of the stand-in's time, ten times as fast: nothing here must end by itself.
              { name: "SESSION_IDLE_TIMEOUT", value: "6000" },
            ],
            startupProbe: { httpGet: { path: "/ready", port: 8089 }, periodSeconds: 1, failureThreshold: 60 },
          },
        ],
      },
    },
  },
};

async function launch(room: string): Promise<number> {
  const body = new URLSearchParams({ livekit_url: livekit.url, livekit_token: "token", room_name: room });
  return (await fetch(`${gateway.launches}/${namespace}/support/launch`, { method: "POST", body })).status;
}

async function statesIn(room: string): Promise<readonly string[]> {
  const response = await fetch(`${gateway.launches}/${namespace}/support/sessions/${room}`);
  const { sessions = [] } = (await response.json()) as { sessions?: readonly { state: string }[] };
  return sessions.map(({ state }) => state);
}

const agent = { identity: "agent", kind: "agent" } as const;
const avatar = { identity: "bithuman-avatar-agent", kind: "agent", attributes: { [ON_BEHALF]: "agent" } } as const;

describe("a session whose agent leaves the room", () => {
  it("is ended within seconds, and its slot serves the launch that waits", async () => {
    const inRoom = [await join(livekit.url, "call-1", agent), await join(livekit.url, "call-1", avatar)];
    expect(await launch("call-1")).toBe(200);
    await expect.poll(() => statesIn("call-1"), waiting).toEqual(["running"]);
    const next = launch("call-2");
    const leftMs = performance.now();
    await inRoom[0]?.leave();
    expect(await next).toBe(200);
    const tookMs = performance.now() - leftMs;
    expect(tookMs).toBeGreaterThan(5_000);
    expect(tookMs).toBeLessThan(10_000);
    expect(await statesIn("call-1")).toEqual(["cancelled"]);
    expect(gateway.log).toContainEqual(expect.objectContaining({ room: "call-1", msg: expect.stringContaining("have left") }));
    await inRoom[1]?.leave();
  });

  it("goes on while a human is there", async () => {
    const inRoom = [
      await join(livekit.url, "call-2", agent),
      await join(livekit.url, "call-2", avatar),
      await join(livekit.url, "call-2", { identity: "human" }),
    ];
    await expect.poll(() => statesIn("call-2"), waiting).toEqual(["running"]);
    await inRoom[0]?.leave();
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    expect(await statesIn("call-2")).toEqual(["running"]);
    await inRoom[2]?.leave();
    await expect.poll(() => statesIn("call-2"), waiting).toEqual(["cancelled"]);
    await inRoom[1]?.leave();
    const metrics = await (await fetch(`${gateway.internal}/metrics`)).text();
    expect(metrics).toMatch(/^avatarpool_abandoned_sessions_total\{namespace="avatars",pool="support"\} 2$/m);
    expect(Number(/^avatarpool_won_back_seconds_total\{.*\} (.*)$/m.exec(metrics)?.[1])).toBeGreaterThan(1_150);
  });
});
