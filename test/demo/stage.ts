import { once } from "node:events";
import { type ControlPlane, type NodeSpec, startControlPlane, type ToolName, toolPath } from "../support/controlplane/index.ts";
import { FleetProcess } from "../support/fleet/fleet-process.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import type { ProductProcess } from "../support/product/processes.ts";
import { type GatewayProcess, Product } from "../support/product/product.ts";
import { FileServer } from "./files.ts";
import { samplePool } from "./sample-pool.ts";

/** The processes of the demo. */
export interface Stage {
  readonly plane: ControlPlane;
  readonly fleet: FleetProcess;
  readonly operator: ProductProcess;
  /** Base URL of the operator's console. */
  readonly consoleUrl: string;
  readonly gateways: readonly GatewayProcess[];
}

const nodes: readonly NodeSpec[] = [
  { name: "gpu-0", gpus: 4, cpu: "32", memory: "256Gi" },
  { name: "gpu-1", gpus: 4, cpu: "32", memory: "256Gi" },
  { name: "cpu-0", cpu: "32", memory: "128Gi" },
  { name: "cpu-1", cpu: "32", memory: "128Gi" },
];

const tools: readonly ToolName[] = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok",
  "helm",
];

/**
 * Builds missing programs, starts all processes and applies the sample pool.
 *
 * @param cleanup receives every started process, in order.
 * @throws when `signal` aborts between two steps, or the error of a step.
 */
export async function setUp(cleanup: AsyncDisposableStack, progress: (line: string) => void, signal: AbortSignal): Promise<Stage> {
  await unlessAborted(buildMissing(progress), signal);
  const plane = cleanup.use(await startControlPlane({ nodes, progress }));
  signal.throwIfAborted();

  progress("starting the stand-in fleet; installing the chart");
  const fleet = cleanup.use(await FleetProcess.start(plane.kubeconfig));
  signal.throwIfAborted();
  const product = cleanup.use(await Product.install(plane, "bundle"));
  // The gateways read the LiveKit key of the sample pool.
  await product.upgrade("gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}");
  signal.throwIfAborted();

  progress("starting two gateways and the operator with the chart's ServiceAccounts");
  // The gateways start first: the operator needs their addresses.
  const gateways = [await product.startGateway(), await product.startGateway()];
  const { process: operator, consoleUrl } = await product.startOperator();
  if (consoleUrl === undefined) throw new Error("the chart enables no console: set console.enabled in its values.yaml");
  signal.throwIfAborted();

  const files = cleanup.use(await FileServer.start());
  progress("kubectl apply -f pool.yaml");
  const applied = await plane.kubectl(["apply", "-f", "-"], { stdin: samplePool(files.url) });
  if (applied.code !== 0) throw new Error(`kubectl apply failed: ${applied.stderr}`);
  signal.throwIfAborted();
  return { plane, fleet, operator, consoleUrl, gateways };
}

async function buildMissing(progress: (line: string) => void): Promise<void> {
  for (const tool of tools) await toolPath(tool, progress);
  await ensureBundle(progress);
}

/** Stops waiting when the signal aborts. The awaited work ends with this process. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const ended = new AbortController();
  try {
    const aborted = once(signal, "abort", { signal: ended.signal }).then(() => signal.throwIfAborted() as never);
    return await Promise.race([work, aborted]);
  } finally {
    ended.abort();
    work.catch(() => {});
  }
}
