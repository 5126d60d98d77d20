import type { GroupConfig, PoolConfig } from "../../api/pool-config.ts";
import type { Store } from "../../kube/store.ts";
import { keyOf } from "../../kube/types.ts";
import { FOREIGN_RECHECK_MS, WATCH_LAG_MS } from "../delays.ts";
import type { PoolMemory } from "../memory.ts";
import { foreignDeployment } from "../name-taken.ts";
import type { OwnDeployment } from "../snapshot.ts";
import type { DeploymentView } from "../views.ts";

/** The Deployment of a group: as the watch shows it, or as the last write left it if the watch lags. */
export function ownDeployment(
  deployments: Store<DeploymentView>,
  { namespace, uid }: PoolConfig,
  { deploymentName }: GroupConfig,
  memory: PoolMemory,
  nowMs: number,
): OwnDeployment {
  const view = deployments.get(keyOf({ namespace, name: deploymentName }));
  if (view !== undefined) {
    return view.ownerUid === uid
      ? { kind: "own", view: latestOf(view, memory), assumed: false }
      : { kind: "foreign", why: foreignDeployment(view, view.ownerUid) };
  }
  const applied = memory.applied.get(deploymentName);
  if (applied?.view.ownerUid === uid && nowMs - applied.atMs < WATCH_LAG_MS) {
    return { kind: "own", view: applied.view, assumed: true };
  }
  const foreign = memory.foreign.get(deploymentName);
  return foreign !== undefined && nowMs - foreign.atMs < FOREIGN_RECHECK_MS
    ? { kind: "foreign", why: foreign.why }
    : { kind: "absent" };
}

/** The Deployment as our last write left it, while the watch has not shown that yet. */
export function latestOf(view: DeploymentView, memory: PoolMemory): DeploymentView {
  const written = memory.applied.get(view.name)?.view;
  return written?.uid === view.uid && view.generation < written.generation ? written : view;
}
