import type { PoolConfig } from "../../api/pool-config.ts";
import { deployments, pods } from "../../kube/resource-types.ts";
import { noStep, type ShrinkStep, type WorkerState } from "../../scaling/victims.ts";
import type { ScalePlan } from "../planning/plan-group.ts";
import { EXPIRED_GRACE_SECONDS, type RetirePlan } from "../planning/plan-retirement.ts";
import type { PoolClient } from "../refusals/guarded-client.ts";
import type { GroupSnapshot, Members } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { applyDeployment, resizeDeployment } from "./deployment-writes.ts";
import { applyProtection, applyStep, type MarkContext } from "./marks.ts";
import { writeEach } from "./write-each.ts";

/** What the writes of all groups of one pool share. */
export interface GroupWrites extends MarkContext {
  readonly client: PoolClient;
  readonly pool: PoolConfig;
  /** Carries out a write unless the API server is unavailable. Resolves to false if the write failed. */
  readonly attempt: (write: () => Promise<void>) => Promise<boolean>;
  /** Whether these workers of a group have surely no session. */
  readonly verify: (group: string, victims: readonly PodView[]) => Promise<boolean>;
}

/** Writes one group. @returns whether its Deployment has the planned size. */
export async function applyGroup(writes: GroupWrites, group: ScalePlan, snapshot: GroupSnapshot): Promise<boolean> {
  const resized = await applySize(writes, group, snapshot);
  const replaced = podsOf(snapshot.members, group.step.replace);
  if (replaced.length > 0 && (await writes.verify(group.config.name, replaced)))
    await writes.attempt(() => writeEach(writes.limit, replaced, (pod) => deletePod(writes.client, pod)));
  return resized;
}

/**
 * Writes the size of one group. Growth comes before every mark: launches wait for it. A group that shrinks is marked first: without the low
 * deletion cost of its victims, Kubernetes could remove a worker with sessions.
 * @returns whether its Deployment has the planned size.
 */
async function applySize(writes: GroupWrites, group: ScalePlan, { deployment, members }: GroupSnapshot): Promise<boolean> {
  const { client, pool, memory, nowMs, attempt } = writes;
  const { config } = group;
  const current = deployment.kind === "own" ? deployment.view.replicas : 0;
  const resize = async (replicas: number): Promise<boolean> => {
    const written = await attempt(() => applyDeployment(client, pool, { ...group, replicas }, deployment, memory, nowMs));
    // The size may have been written although the template is refused.
    const hasSize = written || memory.applied.get(config.deploymentName)?.view.replicas === replicas;
    return hasSize && replicas === group.replicas;
  };
  if (group.replicas > current) {
    const grown = await resize(group.replicas);
    await markStep(writes, members, group.step);
    await attempt(() => applyProtection(writes, members, group.step));
    return grown;
  }
  const verified = await writes.verify(config.name, podsOf(members, group.step.release));
  const step = verified ? group.step : noStep;
  const gone = verified ? await markStep(writes, members, step) : undefined;
  const resized = await resize(gone === undefined ? Math.max(group.replicas, current) : group.replicas + gone);
  await attempt(() => applyProtection(writes, members, step));
  return resized;
}

/** Writes a group that is being removed. @returns whether its Deployment has the planned size. */
export async function applyRetirement(
  writes: GroupWrites,
  { deployment, replicas, step, expired, remove }: RetirePlan,
  members: Members | undefined,
): Promise<boolean> {
  const { client, memory, nowMs, attempt } = writes;
  if (remove) {
    return attempt(async () => {
      await client.delete(deployments, deployment, { uid: deployment.uid });
      memory.applied.delete(deployment.name);
    });
  }
  if (members !== undefined && !(await writes.verify(deployment.group, podsOf(members, step.release)))) {
    await attempt(() => applyProtection(writes, members, noStep));
    return false;
  }
  return attempt(async () => {
    const gone = members === undefined ? 0 : await applyStep(writes, members, step);
    if (replicas + gone !== deployment.replicas) await resizeDeployment(client, deployment, replicas + gone, memory, nowMs);
    await writeEach(writes.limit, expired, (pod) => deletePod(client, pod, EXPIRED_GRACE_SECONDS));
    if (members !== undefined && expired.length === 0) await applyProtection(writes, members, step);
  });
}

export async function deletePod(client: Pick<PoolClient, "delete">, pod: PodView, gracePeriodSeconds?: number): Promise<void> {
  await client.delete(pods, pod, { uid: pod.uid, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) });
}

/** @returns how many of the workers to release are gone; undefined if a mark could not be written. */
async function markStep(writes: GroupWrites, members: Members, step: ShrinkStep): Promise<number | undefined> {
  let gone = 0;
  const marked = await writes.attempt(async () => {
    gone = await applyStep(writes, members, step);
  });
  return marked ? gone : undefined;
}

function podsOf({ pods: all }: Members, workers: readonly WorkerState[]): readonly PodView[] {
  const uids = new Set(workers.map(({ uid }) => uid));
  return all.filter(({ uid }) => uids.has(uid));
}
