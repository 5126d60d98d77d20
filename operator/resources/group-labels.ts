import { labels, MANAGED_BY } from "../api/names.ts";
import type { GroupConfig, PoolConfig } from "../api/pool-config.ts";

/** Labels by which a group's objects are found and its pods selected. A Deployment's selector can never change. */
export function groupLabels(pool: PoolConfig, group: GroupConfig): Record<string, string> {
  return { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name, [labels.group]: group.name };
}

/** Labels of a group's Deployment and of its pods. */
export function workerLabels(pool: PoolConfig, group: GroupConfig): Record<string, string> {
  return { ...groupLabels(pool, group), [labels.engine]: group.engine.name };
}
