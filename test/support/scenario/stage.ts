import { readFile } from "node:fs/promises";
import { KubeClient } from "../../../operator/kube/client.ts";
import { loadKubeConfig } from "../../../operator/kube/config.ts";
import { type ControlPlane, type NodeSpec, startControlPlane } from "../controlplane/index.ts";
import { type Fleet, startFleet } from "../fleet/index.ts";
import { type GatewayProcess, type OperatorOptions, Product } from "../product/product.ts";
import { gpuNode } from "./gpu-node.ts";
import { Scenario } from "./scenario.ts";

export interface StageOptions {
  readonly nodes?: readonly NodeSpec[];
  readonly gateways?: number;
}

/** Factor by which stand-in workers are faster than real workers: a cold start takes 2 s. */
export const TIME_FACTOR = 15;

const ampleNodes: readonly NodeSpec[] = [gpuNode("gpu-0", 64), { name: "cpu-0", cpu: "256", memory: "2Ti" }];

/**
 * The whole product on its own control plane: the chart's permissions, operator and gateways as processes, and stand-in
 * workers. Scenarios share a stage and can run concurrently, each in its own namespace.
 */
export class Stage implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly product: Product;
  readonly fleet: Fleet;
  readonly client: KubeClient;
  readonly gateways: readonly GatewayProcess[];
  readonly #resources: AsyncDisposableStack;
  #operator: Awaited<ReturnType<Product["startOperator"]>>;

  static async open({ nodes = ampleNodes, gateways = 1 }: StageOptions = {}): Promise<Stage> {
    // Stops the started parts if a later part fails to start.
    await using resources = new AsyncDisposableStack();
    const plane = resources.use(await startControlPlane({ nodes }));
    const onLog = (line: string) => console.error(line);
    const fleet = resources.use(await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: TIME_FACTOR, onLog }));
    const product = resources.use(await Product.install(plane));
    const started: GatewayProcess[] = [];
    for (let count = 0; count < gateways; count++) started.push(await product.startGateway());
    const operator = await product.startOperator();
    const client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "scenario" });
    resources.defer(() => client.close());
    return new Stage({ plane, fleet, product, client, gateways: started, operator }, resources.move());
  }

  private constructor(
    parts: Pick<Stage, "plane" | "product" | "fleet" | "client" | "gateways" | "operator">,
    resources: AsyncDisposableStack,
  ) {
    this.plane = parts.plane;
    this.product = parts.product;
    this.fleet = parts.fleet;
    this.client = parts.client;
    this.gateways = parts.gateways;
    this.#operator = parts.operator;
    this.#resources = resources;
  }

  get operator(): Awaited<ReturnType<Product["startOperator"]>> {
    return this.#operator;
  }

  /** Starts another operator after the previous one was stopped or killed. */
  async restartOperator(options: OperatorOptions = {}): Promise<void> {
    this.#operator = await this.product.startOperator(options);
  }

  /** Creates a namespace, by default with the maker's Secret. */
  async scenario(namespace: string, options: { readonly secret?: boolean } = {}): Promise<Scenario> {
    const scenario = new Scenario(this, namespace);
    await scenario.kubectl(["create", "namespace", namespace]);
    if (options.secret !== false) await scenario.createSecret();
    return scenario;
  }

  /** Logs of the current operator and of all gateways, also of gateways that have ended. */
  async logs(): Promise<string> {
    const processes = [this.operator, ...this.gateways].map(({ process }) => process);
    return (await Promise.all(processes.map(({ logFile }) => readFile(logFile, "utf8")))).join("");
  }

  async stop(): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
