import { poolKey } from "../api/pool-config.ts";
import { requestFailureOf } from "../kube/errors.ts";
import { type PoolMemory, remember } from "./memory.ts";
import { carriedOut, type Plan } from "./plan.ts";
import type { PoolClient } from "./refusals/guarded-client.ts";
import type { Members, Snapshot } from "./snapshot.ts";
import type { VictimVerifier } from "./victim-verification.ts";
import { addFinalizer, removeFinalizer } from "./writes/finalizer.ts";
import { applyGroup, applyRetirement, deletePod, type GroupWrites } from "./writes/group-writes.ts";
import { WriteLimit, worstOf, writeEach } from "./writes/write-each.ts";

export interface ApplyContext {
  readonly client: PoolClient;
  readonly victims: Pick<VictimVerifier, "verify">;
}

export interface Applied {
  /** The plan as it was carried out. */
  readonly plan: Plan;
  /** Names of Deployments that do not have the planned size. */
  readonly unwritten: ReadonlySet<string>;
  /** Some victims are not verified yet: the pool is reconciled again when they are. */
  readonly verifying: boolean;
  readonly finalizerWritten: boolean;
  /** An error that a retry can mend: the next attempt comes after a backoff. Refused requests are not among them. */
  readonly failure: unknown;
  /** The API server does not respond, so the remaining writes were skipped. */
  readonly unavailable: boolean;
}

/**
 * Writes what differs from the plan. The groups are written side by side, and those that grow come first. Each write stands alone:
 * what the API server refuses keeps no other object from being written.
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
  const { client, victims } = context;
  const { pool, nowMs } = snapshot;
  const unwritten = new Set<string>();
  let verifying = false;
  const verify = async (group: string, pods: Members["pods"]) => {
    const verified = pods.length === 0 || (await victims.verify(poolKey(pool), group, pods));
    verifying ||= !verified;
    return verified;
  };
  const writes: GroupWrites = { client, pool, memory, nowMs, limit: new WriteLimit(), attempt, verify };

  const groups = snapshot.groups.flatMap((seen) => {
    const group = plan.groups.find(({ config }) => config.name === seen.config.name);
    return group?.kind === "scale" ? { group, seen } : [];
  });
  const growing = groups.filter(({ group, seen }) => group.replicas > replicasOf(seen));
  const others = groups.filter((each) => !growing.includes(each));
  let finalizerWritten = plan.finalizer === "keep";
  await Promise.all([
    ...[...growing, ...others].map(async ({ group, seen }) => {
      if (!(await applyGroup(writes, group, seen))) unwritten.add(group.config.deploymentName);
    }),
    ...plan.retire.map(async (retire) => {
      if (!(await applyRetirement(writes, retire, membersOf(snapshot, retire.deployment.group))))
        unwritten.add(retire.deployment.name);
    }),
    plan.finalizer === "add" &&
      attempt(() => addFinalizer(client, snapshot, memory)).then((written) => {
        finalizerWritten = written;
      }),
  ]);
  if (plan.finalizer === "remove") finalizerWritten = await attempt(() => removeFinalizer(client, pool));
  await attempt(() => writeEach(writes.limit, plan.discard, (pod) => deletePod(client, pod)));
  remember(memory, snapshot, plan);
  const failure = worstOf(errors.filter((error) => requestFailureOf(error) !== "refused"));
  return { plan: carriedOut(plan, unwritten), unwritten, verifying, finalizerWritten, failure, unavailable: isUnavailable() };
}

function replicasOf({ deployment }: Snapshot["groups"][number]): number {
  return deployment.kind === "own" ? deployment.view.replicas : 0;
}

function membersOf({ groups, retired }: Snapshot, group: string): Members | undefined {
  const found = groups.find(({ config }) => config.name === group) ?? retired.find(({ deployment }) => deployment.group === group);
  return found?.members;
}
