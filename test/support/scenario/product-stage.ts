import { readFile } from "node:fs/promises";
import { KubeClient } from "../../../operator/kube/client.ts";
import { loadKubeConfig } from "../../../operator/kube/config.ts";
import { type ControlPlane, type NodeSpec, type Progress, startControlPlane } from "../controlplane/index.ts";
import type { Build } from "../product/processes.ts";
import { type GatewayProcess, type OperatorOptions, type OperatorProcess, Product } from "../product/product.ts";

export interface ProductOptions {
  readonly nodes: readonly NodeSpec[];
  readonly gateways: number;
  /** Values of the chart, in the format of `--set`. */
  readonly values?: string;
  /** Default: the sources. */
  readonly build?: Build | undefined;
  /** Path of the chart to install. Default: the present one. */
  readonly chart?: string | undefined;
  readonly operator?: OperatorOptions | undefined;
  /** Runs before the chart is installed. */
  readonly prepare?: ((plane: ControlPlane) => Promise<void>) | undefined;
  /** Receives the steps of the control plane's start. */
  readonly progress?: Progress | undefined;
  /** Whether the API server writes an audit log. */
  readonly audit?: boolean | undefined;
}

export interface ProductParts {
  readonly plane: ControlPlane;
  readonly product: Product;
  readonly client: KubeClient;
  readonly gateways: readonly GatewayProcess[];
  readonly operator: OperatorProcess;
}

/** Starts the product on its own control plane. @param resources receives the started parts, also if a later part fails. */
export async function startProduct(
  resources: AsyncDisposableStack,
  { nodes, gateways, values, build, chart, operator: operatorOptions, prepare, progress, audit = false }: ProductOptions,
): Promise<ProductParts> {
  const plane = resources.use(await startControlPlane({ nodes, audit, ...(progress && { progress }) }));
  await prepare?.(plane);
  const product = resources.use(await Product.install(plane, build, chart));
  if (values !== undefined) await product.upgrade(values);
  const started: GatewayProcess[] = [];
  for (let count = 0; count < gateways; count++) started.push(await product.startGateway());
  const operator = await product.startOperator(operatorOptions);
  const client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "scenario" });
  resources.defer(() => client.close());
  return { plane, product, client, gateways: started, operator };
}

/** The product on its own control plane: the chart's permissions, and operator and gateways as processes. */
export abstract class ProductStage implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly product: Product;
  readonly client: KubeClient;
  readonly gateways: readonly GatewayProcess[];
  readonly #resources: AsyncDisposableStack;
  #operator: OperatorProcess;

  protected constructor(parts: ProductParts, resources: AsyncDisposableStack) {
    this.plane = parts.plane;
    this.product = parts.product;
    this.client = parts.client;
    this.gateways = parts.gateways;
    this.#operator = parts.operator;
    this.#resources = resources;
  }

  get operator(): OperatorProcess {
    return this.#operator;
  }

  /** Starts another operator after the previous one was stopped or killed. */
  async restartOperator(options: OperatorOptions = {}): Promise<void> {
    this.#operator = await this.product.startOperator(options);
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
