import { labels, MANAGED_BY } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";

/** Labels that select the objects and pods of a group. The selector of a Deployment is immutable. */
export function groupLabels(pool: PoolConfig, group: GroupConfig): Record<string, string> {
  return { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name, [labels.group]: group.name };
}

/** Labels of the Deployment of a group and of its pods. */
export function workerLabels(pool: PoolConfig, group: GroupConfig): Record<string, string> {
  return { ...groupLabels(pool, group), [labels.engine]: group.engine.name };
}
