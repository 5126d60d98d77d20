import type { V1DeploymentSpec, V1OwnerReference } from "@kubernetes/client-node";
import { annotations, labels, MANAGED_BY } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { type HeldBack, heldBackText } from "./held-back.ts";
import { ownedBy } from "./owner.ts";
import { podTemplate } from "./pod-template.ts";

/** A Deployment as we apply it: what is always there, and nothing that the API server fills in. */
export interface DeploymentManifest {
  readonly apiVersion: "apps/v1";
  readonly kind: "Deployment";
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly ownerReferences: V1OwnerReference[];
  };
  readonly spec: V1DeploymentSpec;
}

/** Labels by which a group's objects are found and its pods selected. A Deployment's selector can never change. */
export function groupLabels(pool: PoolConfig, group: GroupConfig): Record<string, string> {
  return { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name, [labels.group]: group.name };
}

/**
 * The whole Deployment of a worker group, for server-side apply.
 * @param sidecarImage image of the commands of ours that run inside worker pods.
 * @param heldBack stops the rollout of that template; any other is rolled out.
 */
export function workerDeployment(
  pool: PoolConfig,
  group: GroupConfig,
  replicas: number,
  sidecarImage: string,
  heldBack?: HeldBack,
): DeploymentManifest {
  const selector = groupLabels(pool, group);
  const template = podTemplate(pool, group, { ...selector, [labels.engine]: group.engine.name }, sidecarImage);
  const paused = heldBack !== undefined && heldBack.template === template.metadata?.annotations?.[annotations.template];
  const stopped = paused ? heldBackText(heldBack) : undefined;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      namespace: pool.namespace,
      name: group.deploymentName,
      labels: { ...selector, [labels.engine]: group.engine.name },
      annotations: stopped === undefined ? {} : { [annotations.heldBack]: stopped },
      ownerReferences: [ownedBy(pool)],
    },
    spec: {
      replicas,
      selector: { matchLabels: selector },
      revisionHistoryLimit: 3,
      // A start may take as long as the startup probe allows; only then is a rollout stuck.
      progressDeadlineSeconds: group.engine.startup.limitSeconds + 600,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: group.spec.rollout.maxSurge, maxUnavailable: group.spec.rollout.maxUnavailable },
      },
      paused,
      template,
    },
  };
}
