import { CLI_FIELD_MANAGER } from "../api/names.ts";
import { deploymentName } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import { avatarPools, deployments } from "../kube/resource-types.ts";
import { type KubeObject, keyOf } from "../kube/types.ts";
import { usageError } from "./exit.ts";
import type { Print } from "./output.ts";

export interface RestartOptions {
  readonly namespace: string;
  readonly group: string;
  /** Undefined: the only pool of the namespace with this group. */
  readonly pool: string | undefined;
  readonly now: Date;
}

interface Pool extends KubeObject {
  readonly spec?: { readonly workers?: readonly { readonly name?: string }[] };
}

/** As `kubectl rollout restart` does, whose annotation other tools recognize. */
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/**
 * `avatarpool restart`: replaces the workers of a group by a rollout. The rollout follows `rollout.maxSurge` and `maxUnavailable` of
 * the group, and a worker with sessions leaves after its last session.
 * @throws Error if there is no such group, and CommandError if several pools have one.
 */
export async function restartGroup(
  client: Pick<KubeClient, "list" | "mergePatch">,
  options: RestartOptions,
  print: Print,
): Promise<void> {
  const { namespace, group, now } = options;
  const pool = poolOf((await client.list<Pool>(avatarPools, { namespace })).items, options);
  const deployment = { namespace, name: deploymentName(pool, group) };
  const patch = { spec: { template: { metadata: { annotations: { [RESTARTED_AT]: now.toISOString() } } } } };
  await client.mergePatch(deployments, deployment, patch, { fieldManager: CLI_FIELD_MANAGER }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw new Error(`group ${group} of AvatarPool ${namespace}/${pool} has no Deployment yet, so it has no workers to restart`);
  });
  print(`group ${group} of AvatarPool ${keyOf({ namespace, name: pool })} restarts: no session is ended`);
  print(`follow it with kubectl avatarpool status ${pool} -n ${namespace} --watch`);
}

function poolOf(all: readonly Pool[], { namespace, group, pool }: RestartOptions): string {
  const groups = ({ spec }: Pool) => (spec?.workers ?? []).flatMap(({ name }) => name ?? []);
  const named = all.filter(({ metadata }) => pool === undefined || metadata?.name === pool);
  const found = named.filter((each) => groups(each).includes(group)).flatMap(({ metadata }) => metadata?.name ?? []);
  if (found.length > 1) throw usageError(`AvatarPools ${found.join(", ")} have a group ${group}: choose one with --pool`);
  const [only] = found;
  if (only !== undefined) return only;
  const known = named.flatMap((each) => groups(each).map((name) => `${each.metadata?.name}: ${name}`)).join(", ");
  const where = pool === undefined ? `namespace ${namespace}` : `AvatarPool ${namespace}/${pool}`;
  throw new Error(`there is no group ${group} in ${where}${known === "" ? "" : `; groups are ${known}`}`);
}
