import { KubeConfig } from "@kubernetes/client-node";
import { KubeClient } from "../../operator/kube/client.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../support/controlplane/index.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import { Product } from "../support/product/product.ts";

export const NAMESPACE = "avatars";

/** A control plane with the installed chart, a namespace with the API secret, and an administrator's client. */
export interface Cluster {
  readonly plane: ControlPlane;
  readonly product: Product;
  readonly admin: KubeClient;
  /** Runs kubectl and returns its standard output. @throws if it fails. */
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<string>;
}

/** Runs `use` on a new cluster and removes the cluster afterwards. */
export async function withCluster<T>(options: ControlPlaneOptions, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  await ensureBundle(console.error);
  await using plane = await startControlPlane(options);
  await using product = await Product.install(plane, "bundle");
  const config = new KubeConfig();
  config.loadFromFile(plane.kubeconfig);
  const admin = new KubeClient(config, { userAgent: "bench" });
  const kubectl = async (args: readonly string[], stdin?: string) => {
    const result = await plane.kubectl(args, stdin === undefined ? {} : { stdin });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(" ")} failed: ${result.stderr.slice(-2_000)}`);
    return result.stdout;
  };
  await kubectl(["create", "namespace", NAMESPACE]);
  await kubectl(["-n", NAMESPACE, "create", "secret", "generic", "bithuman", "--from-literal=api-secret=not-a-secret"]);
  try {
    return await use({ plane, product, admin, kubectl });
  } finally {
    await admin.close();
  }
}

/** Minimum and maximum of the workers of a group. */
export type Range = readonly [min: number, max: number];

/** A typical pool with a GPU group and, optionally, a CPU group. */
export function poolManifest(name: string, size: { readonly gpu: Range; readonly cpu?: Range }): object {
  const { gpu, cpu } = size;
  const image = "registry.example.com/essence-worker:1.4";
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { namespace: NAMESPACE, name },
    spec: {
      apiSecretRef: { name: "bithuman" },
      presets: [
        { name: "maya", image: { url: "https://example.com/maya.jpg" } },
        ...(cpu === undefined ? [] : [{ name: "leo", model: { url: "https://example.com/leo.imx" } }]),
      ],
      workers: [
        { name: "gpu", engine: "expression", min: gpu[0], max: gpu[1] },
        ...(cpu === undefined ? [] : [{ name: "cpu", engine: "essence", image, min: cpu[0], max: cpu[1] }]),
      ],
    },
  };
}

export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
