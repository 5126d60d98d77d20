import { lineOnStderr } from "../controlplane/index.ts";
import { type LivekitServer, startLivekit } from "../livekit/server.ts";
import { essencePython } from "../python.ts";
import { ModelServer } from "../scenario/index.ts";
import { type ProductOptions, type ProductParts, ProductStage, startProduct } from "../scenario/product-stage.ts";
import { Callers } from "./callers.ts";
import { MediaScenario } from "./scenario.ts";
import { startWorkers, type Workers } from "./workers.ts";

const nodes = [
  { name: "gpu-0", gpus: 64 },
  { name: "cpu-0", cpu: "256", memory: "2Ti" },
];
/** The gateways may read the LiveKit key of the pools. */
const values = "gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}";

export interface MediaOptions extends Pick<ProductOptions, "build" | "progress"> {
  /** The pools, as `namespace/pool`, to which the LiveKit server reports its events. */
  readonly webhooks?: readonly string[];
}

interface MediaParts {
  readonly workers: Workers;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
}

/**
 * The product with two gateways on its own control plane, a real LiveKit server, real CPU workers as processes, and callers that
 * use the maker's plugin.
 */
export class MediaStage extends ProductStage {
  readonly workers: Workers;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;

  static async open({ webhooks = [], build, progress }: MediaOptions = {}): Promise<MediaStage> {
    const python = await essencePython(progress ?? lineOnStderr);
    await using resources = new AsyncDisposableStack();
    const product = await startProduct(resources, { nodes, gateways: 2, values, build, progress });
    const { folder, kubeconfig } = product.plane;
    const urls = webhooks.map((pool) => `${product.gateways[0]?.url}/${pool}/livekit-webhook`);
    const livekit = resources.use(await startLivekit({ webhookUrls: urls }));
    const workers = resources.use(await startWorkers(kubeconfig, { python, folder }));
    const callers = resources.use(new Callers(livekit.url, { python, folder }));
    const models = resources.use(await ModelServer.start());
    return new MediaStage(product, { workers, livekit, callers, models }, resources.move());
  }

  private constructor(product: ProductParts, { workers, livekit, callers, models }: MediaParts, resources: AsyncDisposableStack) {
    super(product, resources);
    this.workers = workers;
    this.livekit = livekit;
    this.callers = callers;
    this.models = models;
  }

  /** Creates a namespace with the maker's Secret and the LiveKit key. */
  async scenario(namespace: string): Promise<MediaScenario> {
    const scenario = await new MediaScenario(this, namespace).createNamespace({});
    await scenario.createLivekitKey();
    return scenario;
  }
}
