import type { V1DeploymentSpec } from "@kubernetes/client-node";
import { annotations } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";
import { groupLabels, workerLabels } from "./group-labels.ts";
import { type HeldBack, heldBackText } from "./held-back.ts";
import { ownedBy } from "./owner.ts";
import { recordOf, templateHash, type WorkerTemplate } from "./worker-template.ts";

/** A Deployment as the operator applies it, without the fields that the API server fills in. */
export type DeploymentManifest = ReturnType<typeof workerDeployment>;

/**
 * The whole Deployment of a worker group, for server-side apply.
 * @param chosen the pod template.
 * @param heldBack pauses the rollout of this template; any other template is rolled out.
 */
export function workerDeployment(
  pool: PoolConfig,
  group: GroupConfig,
  replicas: number,
  chosen: WorkerTemplate,
  heldBack?: HeldBack,
) {
  const { template } = chosen;
  const paused = heldBack !== undefined && heldBack.template === templateHash(template);
  const stopped = paused ? heldBackText(heldBack) : undefined;
  return {
    apiVersion: "apps/v1" as const,
    kind: "Deployment" as const,
    metadata: {
      namespace: pool.namespace,
      name: group.deploymentName,
      labels: workerLabels(pool, group),
      annotations: { ...recordOf(chosen), ...(stopped === undefined ? {} : { [annotations.heldBack]: stopped }) },
      ownerReferences: [ownedBy(pool)],
    },
    spec: {
      replicas,
      selector: { matchLabels: groupLabels(pool, group) },
      revisionHistoryLimit: 3,
      // The startup probe limits the start of a worker. A rollout is stuck only after that time.
      progressDeadlineSeconds: group.engine.startup.limitSeconds + 600,
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: group.spec.rollout.maxSurge, maxUnavailable: group.spec.rollout.maxUnavailable },
      },
      paused,
      template,
    } satisfies V1DeploymentSpec,
  };
}
