import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIVEKIT_SECRET } from "../support/livekit/server.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import { RELEASE_NAMESPACE } from "../support/node/release.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";
import { SECRET_VALUE } from "../support/scenario/launch.ts";

/** What a container can read, reach and use, as its kernel sees it. The namespaces have the profile `restricted` and a quota. */

const NODE = "/nodejs/bin/node";
/** For two workers and one more pod, and one GPU. */
const QUOTA = "pods=3,requests.cpu=2,limits.cpu=12,requests.memory=2Gi,limits.memory=8Gi,requests.nvidia.com/gpu=1";

let stage: NodeStage;
let scenario: NodeScenario;
let gpu: string;
let cpu: string;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("isolation");
  await scenario.kubectl(["create", "quota", "production", `--hard=${QUOTA}`]);
  await scenario.warmPool(spec());
  [gpu = ""] = await scenario.podNames("gpu");
  [cpu = ""] = await scenario.podNames("cpu");
  // Before the first call: the pool may then want the last pod of the quota for a third worker.
  await runStranger();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

function spec(warmSlots = 1): object {
  return nodePoolSpec(stage, { gpu: { min: 1 }, cpu: { min: 1 }, spec: { warm: { slots: warmSlots } } });
}

describe("the decrypted weights", () => {
  it("are on a tmpfs, and count in the worker's memory limit", async () => {
    expect(await scenario.exec(gpu, "stat", "--file-system", "--format=%T", "/tmp/bh-weights")).toBe("tmpfs\n");
    const before = await memory();
    await scenario.exec(gpu, "sh", "-c", "head -c 200000000 /dev/zero > /tmp/bh-weights/weights");
    expect((await memory()) - before).toBeGreaterThan(190_000_000);
    await scenario.exec(gpu, "rm", "/tmp/bh-weights/weights");
  });

  /** Bytes in the cgroup of the worker, for cgroups of version 2 or 1. */
  async function memory(): Promise<number> {
    const files = "/sys/fs/cgroup/memory.current /sys/fs/cgroup/memory/memory.usage_in_bytes";
    return Number(await scenario.exec(gpu, "sh", "-c", `cat ${files} 2>/dev/null || true`));
  }
});

describe("a process of AvatarPool", () => {
  it.each(["operator", "gateway"])("of the %s runs as a user without rights, on a read-only root", async (component) => {
    const args = [`--namespace=${RELEASE_NAMESPACE}`, `deployment/avatarpool-${component}`];
    const seen = JSON.parse(await stage.kubectl("exec", ...args, "--", NODE, "--eval", LOOK));
    expect(seen).toEqual({ uid: 65532, write: "EROFS", capabilities: "0000000000000000", newPrivileges: "1", seccomp: "2" });
  });

  it("in a worker's pod runs as a user without rights, on a read-only root", async () => {
    const seen = JSON.parse(await scenario.kubectl(["exec", cpu, "--container=drain-hook", "--", NODE, "--eval", LOOK]));
    expect(seen).toEqual({ uid: 65532, write: "EROFS", capabilities: "0000000000000000", newPrivileges: "1", seccomp: "2" });
  });
});

const LOOK = `
  const { readFileSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const field = (name) => readFileSync("/proc/self/status", "utf8").match(new RegExp(name + ":\\\\s*(\\\\w+)"))[1];
  let write = "written";
  try { writeFileSync("/x", ""); } catch (error) { write = error.code; }
  const uid = process.getuid();
  const seen = { uid, write, capabilities: field("CapEff"), newPrivileges: field("NoNewPrivs"), seccomp: field("Seccomp") };
  console.log(JSON.stringify(seen));
`;

describe("the secrets", () => {
  it("of the maker is known to the worker, and not to the helpers in its pod", async () => {
    expect(await scenario.exec(cpu, "printenv", "BITHUMAN_API_SECRET")).toBe(`${SECRET_VALUE}\n`);
    const print = ["--", NODE, "--eval", "console.log(JSON.stringify(process.env))"];
    expect(await scenario.kubectl(["exec", cpu, "--container=drain-hook", ...print])).not.toContain(SECRET_VALUE);
  });

  it("for the API server is not mounted into a worker's pod", async () => {
    await expect(scenario.exec(cpu, "ls", "/var/run/secrets/kubernetes.io")).rejects.toThrow(/No such file/);
  });

  it("appear in no log, after a call", async () => {
    await scenario.call("logged", { avatar_id: "leo" });
    await scenario.hangUp("logged");
    const logs = await Promise.all([
      stage.kubectl("logs", `--namespace=${RELEASE_NAMESPACE}`, "--selector=app.kubernetes.io/instance=avatarpool", "--tail=-1"),
      ...[cpu, gpu].map((pod) => scenario.kubectl(["logs", pod, "--all-containers"])),
    ]);
    const text = logs.join("");
    expect(text).toContain("logged");
    for (const secret of [SECRET_VALUE, LIVEKIT_SECRET]) expect(text).not.toContain(secret);
  });
});

describe("a pod of the same namespace that is neither a gateway nor the operator", () => {
  it("reaches neither the worker nor its drain hook, and no internal port of the release", async () => {
    const worker = await scenario.address(cpu);
    const gateways = await stage.kubectl("get", "pods", ...RELEASE_PODS, "--selector=app.kubernetes.io/component=gateway");
    const [gateway = ""] = gateways.split(" ");
    // The way that is open to everyone shows that the others are closed by the policy.
    expect(await knock(gateway, 8080)).toBe("open");
    expect(await Promise.all([knock(worker, 8089), knock(worker, 8099), knock(gateway, 8081)])).toEqual(Array(3).fill("closed"));
  });

  async function knock(address: string, port: number): Promise<string> {
    const code = `require("node:net").connect(${port}, "${address}").setTimeout(3000)
      .on("connect", () => { console.log("open"); process.exit() })
      .on("timeout", () => { console.log("closed"); process.exit() })
      .on("error", () => console.log("closed"))`;
    return (await scenario.kubectl(["exec", "stranger", "--", NODE, "--eval", code])).trim();
  }
});

const RELEASE_PODS = [`--namespace=${RELEASE_NAMESPACE}`, "-o=jsonpath={.items[*].status.podIP}"];

async function runStranger(): Promise<void> {
  const spec = {
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "stranger",
        image: stage.images.avatarpool.reference,
        command: [NODE, "--eval", "setInterval(() => {}, 60_000)"],
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
    terminationGracePeriodSeconds: 0,
  };
  const image = [`--image=${stage.images.avatarpool.reference}`, `--overrides=${JSON.stringify({ apiVersion: "v1", spec })}`];
  await scenario.kubectl(["run", "stranger", ...image]);
  await scenario.kubectl(["wait", "--for=condition=Ready", "pod/stranger", "--timeout=30s"]);
}

describe("the drain hook", () => {
  it("refuses everyone without its token", async () => {
    const response = await fetch(`http://${await scenario.address(cpu)}:8099/drain`);
    expect(response.status).toBe(403);
  });
});

describe("a quota", () => {
  it("that has no room for another GPU is named in the pool's condition", async () => {
    await scenario.pool(spec(3));
    await scenario.condition("WarmCapacity", {
      status: "False",
      message: /group gpu: .*exceeded quota: production.*raise the quota/,
    });
  });
});
