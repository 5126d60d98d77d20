import { isDeepStrictEqual } from "node:util";
import { API_GROUP_VERSION, KIND } from "../../api/names.ts";
import type { AvatarPoolStatus } from "../../api/v1alpha1/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isGoneOrReplaced, requestFailureOf } from "../../kube/errors.ts";
import { avatarPools } from "../../kube/resource-types.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { PoolMemory } from "../memory.ts";
import type { Snapshot } from "../snapshot.ts";

const STATUS_INTERVAL_MS = 1_000;

export interface StatusContext {
  readonly client: Pick<KubeClient, "apply">;
  readonly clock: Clock;
}

/** Writes the status if it differs, at most once a second. Returns in how many milliseconds a held back status may be written. */
export async function writeStatus(
  { client, clock }: StatusContext,
  snapshot: Snapshot,
  status: AvatarPoolStatus,
  memory: PoolMemory,
): Promise<number | undefined> {
  memory.lastDecision = status.lastDecision;
  if (isDeepStrictEqual(status, snapshot.status)) return undefined;
  const nowMs = clock.now();
  const dueMs = memory.status === undefined ? nowMs : memory.status.atMs + STATUS_INTERVAL_MS;
  if (dueMs > nowMs) return dueMs - nowMs;
  memory.status = { written: status, atMs: nowMs };
  const { namespace, name, uid } = snapshot.pool;
  const object = { apiVersion: API_GROUP_VERSION, kind: KIND, metadata: { namespace, name, uid }, status };
  try {
    await client.apply(avatarPools, object, { subresource: "status" });
  } catch (error) {
    memory.status = undefined;
    // A refused status is logged and reported in an event: no condition can hold it.
    if (!isGoneOrReplaced(error) && requestFailureOf(error) !== "refused") throw error;
  }
  return undefined;
}
