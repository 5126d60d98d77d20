import { API_GROUP_VERSION, FINALIZER, KIND } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { isGoneOrReplaced } from "../kube/errors.ts";
import { avatarPools, deployments, pods } from "../kube/resource-types.ts";
import type { PoolMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";
import type { GroupPlan } from "./planning/plan-group.ts";
import { EXPIRED_GRACE_SECONDS, type RetirePlan } from "./planning/plan-retirement.ts";
import type { GroupSnapshot, Members, Snapshot } from "./snapshot.ts";
import { applyDeployment, resizeDeployment } from "./writes/deployment-writes.ts";
import { applyProtection, applyStep } from "./writes/marks.ts";

export interface ApplyContext {
  readonly client: Pick<KubeClient, "get" | "apply" | "mergePatch" | "delete">;
}

/** Writes what the plan says, and nothing where the world is as planned. Throws KubeError; what was done stays done. */
export async function apply(context: ApplyContext, snapshot: Snapshot, plan: Plan, memory: PoolMemory): Promise<void> {
  if (plan.finalizer === "add") {
    await setFinalizers(context, snapshot.pool, [FINALIZER]);
    memory.finalizedMs = snapshot.nowMs;
  }
  for (const group of plan.groups) {
    const seen = snapshot.groups.find(({ config }) => config.name === group.config.name);
    if (seen !== undefined) await applyGroup(context, snapshot, group, seen, memory);
  }
  for (const retire of plan.retire) await applyRetirement(context, snapshot, retire, memory);
  if (plan.finalizer === "remove") await setFinalizers(context, snapshot.pool, []);
}

async function setFinalizers({ client }: ApplyContext, pool: PoolConfig, finalizers: readonly string[]): Promise<void> {
  const { namespace, name, uid } = pool;
  try {
    // The UID keeps a late write from creating the object anew.
    await client.apply(avatarPools, {
      apiVersion: API_GROUP_VERSION,
      kind: KIND,
      metadata: { namespace, name, uid, finalizers: [...finalizers] },
    });
  } catch (error) {
    if (!isGoneOrReplaced(error)) throw error;
  }
}

async function applyGroup(
  context: ApplyContext,
  snapshot: Snapshot,
  group: GroupPlan,
  { deployment, members }: GroupSnapshot,
  memory: PoolMemory,
): Promise<void> {
  if (group.kind === "refused") return;
  const { config } = group;
  memory.wanted.set(config.name, group.wanted);
  if (group.shortage === undefined) memory.shortages.delete(config.name);
  else memory.shortages.set(config.name, group.shortage);
  const marking = { ...context, memory, nowMs: snapshot.nowMs };
  await applyStep(marking, members, group.step);
  await applyDeployment(context.client, snapshot.pool, group, deployment, memory, snapshot.nowMs);
  await applyProtection(marking, members, group.step);
}

function membersOf({ groups, retired }: Snapshot, group: string): Members | undefined {
  const found = groups.find(({ config }) => config.name === group) ?? retired.find(({ deployment }) => deployment.group === group);
  return found?.members;
}

async function applyRetirement(context: ApplyContext, snapshot: Snapshot, retire: RetirePlan, memory: PoolMemory): Promise<void> {
  const { client } = context;
  const { deployment } = retire;
  const marking = { ...context, memory, nowMs: snapshot.nowMs };
  const members = membersOf(snapshot, deployment.group);
  const ref = { namespace: deployment.namespace, name: deployment.name };
  if (retire.remove) {
    await client.delete(deployments, ref, { uid: deployment.uid });
    memory.applied.delete(deployment.name);
    return;
  }
  if (members !== undefined) await applyStep(marking, members, retire.step);
  if (retire.replicas !== deployment.replicas) await resizeDeployment(client, deployment, retire.replicas, memory, snapshot.nowMs);
  for (const pod of retire.expired) {
    await client.delete(pods, pod, { uid: pod.uid, gracePeriodSeconds: EXPIRED_GRACE_SECONDS });
  }
  if (members !== undefined && retire.expired.length === 0) await applyProtection(marking, members, retire.step);
}
