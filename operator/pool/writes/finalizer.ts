import { API_GROUP_VERSION, FINALIZER, KIND } from "../../api/names.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isGoneOrReplaced } from "../../kube/errors.ts";
import { avatarPools } from "../../kube/resource-types.ts";
import type { PoolMemory } from "../memory.ts";
import type { Snapshot } from "../snapshot.ts";

type Client = Pick<KubeClient, "apply">;

export async function addFinalizer(client: Client, { pool, nowMs }: Snapshot, memory: PoolMemory): Promise<void> {
  await setFinalizers(client, pool, [FINALIZER]);
  memory.finalizedMs = nowMs;
}

export async function removeFinalizer(client: Client, pool: PoolConfig): Promise<void> {
  await setFinalizers(client, pool, []);
}

async function setFinalizers(client: Client, { namespace, name, uid }: PoolConfig, finalizers: string[]): Promise<void> {
  try {
    // The UID keeps a late write from creating the object anew.
    const metadata = { namespace, name, uid, finalizers };
    await client.apply(avatarPools, { apiVersion: API_GROUP_VERSION, kind: KIND, metadata });
  } catch (error) {
    if (!isGoneOrReplaced(error)) throw error;
  }
}
