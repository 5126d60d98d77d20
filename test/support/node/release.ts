import path from "node:path";
import { httpOrigin } from "../../../operator/api/http-origin.ts";
import type { Images } from "../images/index.ts";
import type { Cluster } from "./cluster.ts";
import { observers } from "./network.ts";

const CHART = path.join(import.meta.dirname, "..", "..", "..", "charts", "avatarpool");
export const RELEASE_NAMESPACE = "avatarpool";

/** The chart, installed by helm in a namespace that admits only pods with the profile `restricted`. */
export class Release {
  readonly cluster: Cluster;
  readonly images: Images;

  constructor(cluster: Cluster, images: Images) {
    this.cluster = cluster;
    this.images = images;
  }

  /** Installs or upgrades the chart, and waits until its pods are ready. `values` have the format of `--set`. */
  async install(...values: readonly string[]): Promise<void> {
    const [repository = "", tag = ""] = this.images.avatarpool.reference.split(/:(?=[^/]+$)/);
    const all = [
      `image.repository=${repository},image.tag=${tag}`,
      // The gateways may read the LiveKit key of the pools.
      "gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}",
      "networkPolicy.enabled=true",
      ...observers.map(({ ipBlock: { cidr } }, index) => `networkPolicy.metrics[${index}].ipBlock.cidr=${cidr}`),
      ...values,
    ];
    const { plane } = this.cluster;
    const created = await plane.kubectl(["create", "namespace", RELEASE_NAMESPACE]);
    if (created.code === 0) await this.restrict(RELEASE_NAMESPACE);
    const args = ["upgrade", "--install", "avatarpool", CHART, `--namespace=${RELEASE_NAMESPACE}`, "--wait", "--timeout=2m"];
    const { code, stderr } = await plane.run("helm", [...args, ...all.map((value) => `--set=${value}`)]);
    if (code === 0) return;
    const pods = await plane.kubectl(["describe", "pods", `--namespace=${RELEASE_NAMESPACE}`]);
    throw new Error(`helm upgrade --install failed: ${stderr}\n${pods.stdout}`);
  }

  /** The Service, as clients in the cluster reach it. */
  async gatewayUrl(): Promise<string> {
    const output = "-o=jsonpath={.spec.clusterIP}";
    const address = await this.cluster.kubectl("get", "service", "avatarpool-gateway", `--namespace=${RELEASE_NAMESPACE}`, output);
    return httpOrigin(address, 80);
  }

  /** A namespace admits only pods with the profile `restricted` from now on. */
  async restrict(namespace: string): Promise<void> {
    await this.cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
  }
}
