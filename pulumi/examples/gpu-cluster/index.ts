import { AvatarPool, AvatarPoolOperator, type Worker } from "@avatarpool/avatarpool";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

const operator = new AvatarPoolOperator("operator", {
  release: "release",
  values: {
    image: { registry: config.require("imageRegistry") },
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  },
});

const namespace = new kubernetes.core.v1.Namespace("avatars", { metadata: { name: "avatars" } });
const secret = new kubernetes.core.v1.Secret("bithuman", {
  metadata: { name: "bithuman", namespace: namespace.metadata.name },
  stringData: { "api-secret": config.requireSecret("apiSecret") },
});

const support = new AvatarPool(
  "support",
  {
    namespace: namespace.metadata.name,
    gatewayUrl: operator.gatewayUrl,
    labels: { team: "support" },
    spec: {
      apiSecretRef: { name: secret.metadata.name },
      presets: [{ name: "maya", image: { url: config.require("faceUrl") } }],
      workers: [
        gpuWorkers("reserved", { priority: 1, max: config.requireNumber("reservedWorkers") }),
        gpuWorkers("spot", { priority: 0, max: config.requireNumber("spotWorkers") }),
      ],
      warm: { slots: "auto" },
      objective: { launchSuccess: 99, startup: { target: "6s", percentile: 95 } },
    },
  },
  // The deletion of the pool waits for its sessions.
  { dependsOn: operator, customTimeouts: { delete: "2h" } },
);

/** A group on the nodes of one kind. The workers of a node download the weights once. */
function gpuWorkers(capacity: "reserved" | "spot", { priority, max }: { priority: number; max: number }): Worker {
  return {
    name: capacity,
    engine: "expression",
    priority,
    max,
    nodeSelector: { [config.require("nodeLabel")]: capacity },
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
    modelCache: { hostPath: { path: "/var/lib/avatarpool" } },
  };
}

/** The `api_url` of agents. */
export const launchUrl = support.launchUrl;
export const conditions = support.conditions;
