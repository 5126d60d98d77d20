import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../operator/runtime/random.ts";
import { Draw } from "../simulation/draw-group.ts";
import { until } from "../support/controlplane/index.ts";
import type { RealNode } from "../support/node/real-node.ts";
import { RELEASE_NAMESPACE } from "../support/node/release.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import type { NodeStage } from "../support/node/stage.ts";
import { productProcesses, type Role } from "./processes.ts";
import type { CutOff, Kill } from "./verdict.ts";

/** From the time at which a machine counts as lost until no proxy forwards to it any more. */
const ENDPOINTS_MS = 3_000;

const SETTLE_MS = 300_000;

export interface ChaosOptions {
  readonly stage: NodeStage;
  readonly scenario: NodeScenario;
  readonly seed: number;
  readonly log: (line: string) => void;
}

/** Injects a fault, and resolves once it has been mended. @returns a description. */
type Fault = (chaos: Chaos, draw: Draw) => Promise<string>;

const faults = {
  "operator killed": (chaos, draw) => chaos.killProcess("operator", draw),
  "gateway killed": (chaos, draw) => chaos.killProcess("gateway", draw),
  "gateway deleted": async (chaos, draw) => {
    const pod = draw.one(await chaos.gateways())?.pod ?? "";
    await chaos.stage.kubectl("delete", "pod", pod, `--namespace=${RELEASE_NAMESPACE}`, "--timeout=3m");
    return `kubectl delete pod ${pod}`;
  },
  "kubelet killed": (chaos, draw) => chaos.killProgram("kubelet", draw),
  "containerd killed": (chaos, draw) => chaos.killProgram("containerd", draw),
  "API server killed": async ({ stage: { cluster } }, draw) => {
    const awayMs = draw.int(0, 10_000);
    await cluster.plane.stopApiServer();
    await sleep(awayMs);
    await cluster.plane.startApiServer();
    await cluster.restartProxies();
    return `the API server is away for ${awayMs} ms`;
  },
  "etcd killed": async ({ stage: { cluster } }, draw) => {
    const awayMs = draw.int(0, 10_000);
    await cluster.plane.stopEtcd();
    await sleep(awayMs);
    await cluster.plane.startEtcd();
    await cluster.restartProxies();
    return `etcd is away for ${awayMs} ms`;
  },
  "worker killed": async (chaos, draw) => {
    const pod = draw.one(await chaos.workers());
    if (pod === undefined) return "no worker to kill";
    chaos.killed(pod);
    await chaos.scenario.signal(pod, "KILL").catch(() => undefined);
    return `the process of ${pod} is killed`;
  },
  "worker deleted": async (chaos, draw) => {
    const pod = draw.one(await chaos.workers());
    if (pod !== undefined) await chaos.scenario.deletePod(pod);
    return `kubectl delete pod ${pod}`;
  },
  "workers restarted": async ({ scenario }) => {
    await scenario.kubectl(["rollout", "restart", "deployment/pool-cpu"]);
    return "kubectl rollout restart deployment/pool-cpu";
  },
  "node drained": async ({ stage }, draw) => {
    const name = draw.one(stage.cluster.nodes)?.name ?? "";
    // The budget of the pool keeps pods with calls.
    await stage.kubectl("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s").catch(() => undefined);
    await stage.kubectl("uncordon", name);
    return `kubectl drain ${name}`;
  },
  "node lost": async (chaos, draw) => {
    const { cluster } = chaos.stage;
    const gateways = await chaos.gateways();
    // After a drain, all gateways may run on one machine. The fault spares it, because its loss would leave no gateway.
    const spared = new Set(gateways.map(({ node }) => node)).size === 1 ? gateways[0]?.node : undefined;
    const name = draw.one(cluster.nodes.filter((node) => node.name !== spared))?.name ?? "";
    for (const pod of await chaos.workers(name)) chaos.killed(pod);
    const fromMs = Date.now();
    await cluster.loseNode(name);
    chaos.cutOffs.push({ fromMs, toMs: Date.now() + ENDPOINTS_MS });
    await sleep(draw.int(0, 10_000));
    await cluster.addNode(name);
    return `${name} is lost, and another machine of the name has joined`;
  },
} as const satisfies Record<string, Fault>;

type FaultName = keyof typeof faults;

/** Faults at random, one at a time. The seed determines their order, their targets by position, and their lengths. */
export class Chaos {
  readonly stage: NodeStage;
  readonly scenario: NodeScenario;
  readonly kills: Kill[] = [];
  readonly cutOffs: CutOff[] = [];
  readonly counts: Partial<Record<FaultName, number>> = {};
  readonly #draw: Draw;
  readonly #log: (line: string) => void;

  constructor({ stage, scenario, seed, log }: ChaosOptions) {
    this.stage = stage;
    this.scenario = scenario;
    this.#draw = new Draw(seededRandom(seed, "chaos"));
    this.#log = log;
  }

  /** Every kind comes once before any comes again. Resolves after the last fault has been mended. */
  async until(endMs: number): Promise<void> {
    let left: FaultName[] = [];
    for (;;) {
      await sleep(this.#draw.int(5_000, 15_000));
      if (Date.now() >= endMs) return;
      if (left.length === 0) left = Object.keys(faults) as FaultName[];
      const [name] = left.splice(this.#draw.int(0, left.length - 1), 1);
      if (name === undefined) return;
      this.#log(`fault: ${name}`);
      const what = await faults[name](this, this.#draw);
      await this.#settled();
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      this.#log(`mended: ${what}`);
    }
  }

  /** The calls on this worker may end from now on. */
  killed(pod: string): void {
    this.kills.push({ pod, atMs: Date.now() });
  }

  /** Names of the workers' pods. */
  async workers(node?: string): Promise<readonly string[]> {
    const found = (await this.scenario.workerPods()).filter(({ spec }) => node === undefined || spec?.nodeName === node);
    return found.map(({ metadata }) => metadata?.name ?? "").sort();
  }

  async gateways(): Promise<readonly { readonly pod: string; readonly node: string }[]> {
    const output = '--output=jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}';
    const list = ["get", "pods", `--namespace=${RELEASE_NAMESPACE}`, "--selector=app.kubernetes.io/component=gateway", output];
    const lines = (await this.stage.kubectl(...list)).split("\n").filter(Boolean);
    return lines.map((line) => line.split(" ")).map(([pod = "", node = ""]) => ({ pod, node }));
  }

  async killProcess(role: Role, draw: Draw): Promise<string> {
    const pids = (await productProcesses()).flatMap(({ pid, role: its }) => (its === role ? pid : []));
    const pid = draw.one(pids);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    return `the process of one ${role} of ${pids.length} is killed`;
  }

  /** A container that was killed before starts again only after a pause, which Kubernetes doubles each time. */
  async #settled(): Promise<void> {
    const status = (component: string) =>
      this.stage.kubectl(
        "rollout",
        "status",
        `deployment/avatarpool-${component}`,
        `--namespace=${RELEASE_NAMESPACE}`,
        "--watch=false",
      );
    await until("all gateways and operators to be ready", SETTLE_MS, async () => {
      const all = await Promise.all(["gateway", "operator"].map(status));
      return all.every((line) => line.includes("successfully rolled out"));
    });
  }

  async killProgram(program: "kubelet" | "containerd", draw: Draw): Promise<string> {
    const { cluster } = this.stage;
    const node: RealNode | undefined = draw.one(cluster.nodes);
    const awayMs = draw.int(0, 8_000);
    await node?.kill(program);
    await sleep(awayMs);
    await node?.start(program);
    await cluster.nodeReady(node?.name ?? "");
    return `${program} of ${node?.name} is away for ${awayMs} ms`;
  }
}
