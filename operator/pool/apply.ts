import { API_GROUP_VERSION, FINALIZER, KIND } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import { isGoneOrReplaced, requestFailureOf } from "../kube/errors.ts";
import { avatarPools, deployments, pods } from "../kube/resource-types.ts";
import type { PoolMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";
import type { ScalePlan } from "./planning/plan-group.ts";
import { EXPIRED_GRACE_SECONDS, type RetirePlan } from "./planning/plan-retirement.ts";
import type { PoolClient } from "./refusals/guarded-client.ts";
import type { GroupSnapshot, Members, Snapshot } from "./snapshot.ts";
import type { PodView } from "./views.ts";
import { applyDeployment, resizeDeployment } from "./writes/deployment-writes.ts";
import { applyProtection, applyStep } from "./writes/marks.ts";
import { worstOf, writeEach } from "./writes/write-each.ts";

export interface ApplyContext {
  readonly client: PoolClient;
}

/** What became of a plan. */
export interface Applied {
  /** Names of Deployments that do not have the size that is planned. */
  readonly unwritten: ReadonlySet<string>;
  readonly finalizerWritten: boolean;
  /** What a repetition mends: the next attempt comes after a back-off. What the API server refuses for good is not among it. */
  readonly failure: unknown;
  /** The API server is not reached: what was left to write was left. */
  readonly unavailable: boolean;
}

/**
 * Writes what the plan says, and nothing where the world is as planned. Each write is on its own: what the API server
 * refuses keeps no other object from being written.
 */
export async function apply(context: ApplyContext, snapshot: Snapshot, plan: Plan, memory: PoolMemory): Promise<Applied> {
  const errors: unknown[] = [];
  const isUnavailable = () => errors.some((error) => requestFailureOf(error) === "unavailable");
  const attempt = async (write: () => Promise<void>): Promise<boolean> => {
    if (isUnavailable()) return false;
    try {
      await write();
      return true;
    } catch (error) {
      errors.push(error);
      return false;
    }
  };
  const unwritten = new Set<string>();
  let finalizerWritten = plan.finalizer !== "add" || (await attempt(() => addFinalizer(context, snapshot, memory)));
  for (const group of plan.groups) {
    const seen = snapshot.groups.find(({ config }) => config.name === group.config.name);
    if (seen === undefined || group.kind === "refused") continue;
    if (!(await applyGroup(context, snapshot, group, seen, memory, attempt))) unwritten.add(group.config.deploymentName);
  }
  for (const retire of plan.retire)
    if (!(await attempt(() => applyRetirement(context, snapshot, retire, memory)))) unwritten.add(retire.deployment.name);
  if (plan.finalizer === "remove") finalizerWritten = await attempt(() => setFinalizers(context, snapshot.pool, []));
  await attempt(() => writeEach(plan.discard, (pod) => deletePod(context, pod)));
  const failure = worstOf(errors.filter((error) => requestFailureOf(error) !== "refused"));
  return { unwritten, finalizerWritten, failure, unavailable: isUnavailable() };
}

async function addFinalizer(context: ApplyContext, { pool, nowMs }: Snapshot, memory: PoolMemory): Promise<void> {
  await setFinalizers(context, pool, [FINALIZER]);
  memory.finalizedMs = nowMs;
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

/** @returns whether its Deployment has the size that is planned. */
async function applyGroup(
  context: ApplyContext,
  snapshot: Snapshot,
  group: ScalePlan,
  { deployment, members }: GroupSnapshot,
  memory: PoolMemory,
  attempt: (write: () => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  const { config } = group;
  memory.wanted.set(config.name, group.wanted);
  if (group.shortage === undefined) memory.shortages.delete(config.name);
  else memory.shortages.set(config.name, group.shortage);
  const marking = { ...context, memory, nowMs: snapshot.nowMs };
  let gone = 0;
  const stepped = await attempt(async () => {
    gone = await applyStep(marking, members, group.step);
  });
  // Without the low cost on those that are to go, Kubernetes could take a worker with sessions.
  const current = deployment.kind === "own" ? deployment.view.replicas : 0;
  const sized = { ...group, replicas: stepped ? group.replicas + gone : Math.max(group.replicas, current) };
  const written = await attempt(() => applyDeployment(context.client, snapshot.pool, sized, deployment, memory, snapshot.nowMs));
  await attempt(() => applyProtection(marking, members, group.step));
  // Where its template is refused, its size may have been written all the same.
  const hasSize = written || memory.applied.get(config.deploymentName)?.view.replicas === sized.replicas;
  return hasSize && sized.replicas === group.replicas;
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
  const gone = members === undefined ? 0 : await applyStep(marking, members, retire.step);
  const replicas = retire.replicas + gone;
  if (replicas !== deployment.replicas) await resizeDeployment(client, deployment, replicas, memory, snapshot.nowMs);
  await writeEach(retire.expired, (pod) => deletePod(context, pod, EXPIRED_GRACE_SECONDS));
  if (members !== undefined && retire.expired.length === 0) await applyProtection(marking, members, retire.step);
}

async function deletePod({ client }: ApplyContext, pod: PodView, gracePeriodSeconds?: number): Promise<void> {
  await client.delete(pods, pod, { uid: pod.uid, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) });
}
