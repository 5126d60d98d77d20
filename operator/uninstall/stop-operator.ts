import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import type { KubeClient } from "../kube/client.ts";
import { holderOf, type Lease } from "../kube/lease-record.ts";
import { deployments, leases, pods } from "../kube/resource-types.ts";
import { type Json, keyOf, type ObjectRef } from "../kube/types.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";
import type { Logger } from "../telemetry/logger.ts";

const LOOK_INTERVAL_MS = 1_000;
/** An operator exits within seconds of its SIGTERM. The kubelet kills it after 30 s. */
const LIMIT_MS = 90_000;

export interface StopOperatorDeps {
  readonly client: Pick<KubeClient, "get" | "list" | "mergePatch">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Scales the Deployment of the operator to zero, then waits until its pods are gone and no operator holds the Lease of the same
 * name.
 * @throws Error that names the pods or the holder that still run after 90 s.
 */
export async function stopOperator(deps: StopOperatorDeps, operator: ObjectRef): Promise<void> {
  const { client, clock, logger } = deps;
  const deployment = await client.get<Json<V1Deployment>>(deployments, operator);
  if ((deployment?.spec?.replicas ?? 0) > 0) {
    await client.mergePatch(deployments, operator, { spec: { replicas: 0 } });
    logger.info({ deployment: keyOf(operator) }, "operator scaled to zero");
  }
  const isLed = leaseWatch(deps, operator);
  const deadlineMs = clock.now() + LIMIT_MS;
  for (;;) {
    const left = (deployment && (await podsOf(client, deployment))) ?? [];
    const holder = await isLed();
    if (left.length === 0 && holder === undefined) return;
    if (clock.now() >= deadlineMs) throw stillRuns(operator, left, holder);
    await sleep(clock, LOOK_INTERVAL_MS);
  }
}

async function podsOf(client: Pick<KubeClient, "list">, deployment: Json<V1Deployment>): Promise<readonly string[]> {
  const { namespace = "" } = deployment.metadata ?? {};
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {});
  const labelSelector = labels.map(([name, value]) => `${name}=${value}`).join(",");
  const { items } = await client.list<Json<V1Pod>>(pods, { namespace, labelSelector });
  const ended = (phase: string | undefined) => phase === "Succeeded" || phase === "Failed";
  return items.filter(({ status }) => !ended(status?.phase)).map(({ metadata }) => metadata?.name ?? "");
}

/**
 * Returns the leader at each call. A Lease that does not change for its own duration has expired. This never compares the clocks of
 * different machines.
 */
function leaseWatch({ client, clock }: StopOperatorDeps, ref: ObjectRef): () => Promise<string | undefined> {
  let seen: { readonly version: string | undefined; readonly sinceMs: number } | undefined;
  return async () => {
    const lease = await client.get<Lease>(leases, ref);
    const holder = lease && holderOf(lease);
    if (lease === undefined || holder === undefined) return undefined;
    const version = lease.metadata?.resourceVersion;
    if (seen === undefined || seen.version !== version) seen = { version, sinceMs: clock.now() };
    const leaseMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1_000;
    return clock.now() - seen.sinceMs > leaseMs ? undefined : holder;
  };
}

function stillRuns(operator: ObjectRef, left: readonly string[], holder: string | undefined): Error {
  const what =
    left.length > 0
      ? `pods ${left.join(", ")} of Deployment ${keyOf(operator)} still run; delete them`
      : `operator ${holder} still holds Lease ${keyOf(operator)}; stop that operator, which runs outside the Deployment`;
  return new Error(`the operator did not stop within ${LIMIT_MS / 1_000} s: ${what}, then uninstall again`);
}
