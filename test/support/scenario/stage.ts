import type { ControlPlane, NodeSpec } from "../controlplane/index.ts";
import { type Fleet, startFleet } from "../fleet/index.ts";
import type { Build } from "../product/processes.ts";
import type { OperatorOptions } from "../product/product.ts";
import { gpuNode } from "./gpu-node.ts";
import { type ProductParts, ProductStage, startProduct } from "./product-stage.ts";
import { Scenario } from "./scenario.ts";

export interface StageOptions {
  readonly nodes?: readonly NodeSpec[];
  readonly gateways?: number;
  /** Default: the sources. */
  readonly build?: Build;
  /** Path of the chart to install. Default: the present one. */
  readonly chart?: string;
  readonly operator?: OperatorOptions;
  /** Runs before the chart is installed. */
  readonly prepare?: (plane: ControlPlane) => Promise<void>;
  /** Values of the chart, in the format of `--set`. */
  readonly values?: string;
  readonly audit?: boolean;
}

/** Factor by which stand-in workers are faster than real workers: a cold start takes 2 s. */
export const TIME_FACTOR = 15;

const ampleNodes: readonly NodeSpec[] = [gpuNode("gpu-0", 64), { name: "cpu-0", cpu: "256", memory: "2Ti" }];

/**
 * The whole product on its own control plane, with stand-in workers. Scenarios share a stage and can run concurrently, each in
 * its own namespace.
 */
export class Stage extends ProductStage {
  readonly fleet: Fleet;

  static async open({ nodes = ampleNodes, gateways = 1, values, ...options }: StageOptions = {}): Promise<Stage> {
    // Stops the started parts if a later part fails to start.
    await using resources = new AsyncDisposableStack();
    const parts = await startProduct(resources, {
      nodes,
      gateways,
      ...options,
      ...(values !== undefined && { values }),
    });
    const { kubeconfig } = parts.plane;
    const onLog = (line: string) => console.error(line);
    const fleet = resources.use(await startFleet({ kubeconfig, timeFactor: TIME_FACTOR, onLog }));
    return new Stage(parts, fleet, resources.move());
  }

  private constructor(parts: ProductParts, fleet: Fleet, resources: AsyncDisposableStack) {
    super(parts, resources);
    this.fleet = fleet;
  }

  /** Creates a namespace, by default with the maker's Secret. */
  scenario(namespace: string, options: { readonly secret?: boolean } = {}): Promise<Scenario> {
    return new Scenario(this, namespace).createNamespace(options);
  }
}
