import { CLI_FIELD_MANAGER } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import { avatarPools } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import { noSuchPool } from "./cluster.ts";
import type { Print } from "./output.ts";

interface ManagedPool extends KubeObject {
  readonly spec?: { readonly scaling?: { readonly paused?: boolean } };
  readonly metadata?: KubeObject["metadata"] & { readonly managedFields?: readonly ManagedFields[] };
}

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: unknown;
}

/**
 * `avatarpool pause` and `resume`: sets `spec.scaling.paused`. Resuming removes the field, so that no trace of the pause stays.
 * @throws Error if the pool does not exist.
 */
export async function setPaused(
  client: Pick<KubeClient, "get" | "mergePatch">,
  pool: ObjectRef,
  paused: boolean,
  print: Print,
  hint: Print,
): Promise<void> {
  const before = await client.get<ManagedPool>(avatarPools, pool);
  if (before === undefined) throw noSuchPool(pool);
  if ((before.spec?.scaling?.paused ?? false) === paused)
    return print(`AvatarPool ${keyOf(pool)} is ${paused ? "paused" : "not paused"} already`);
  const patch = { spec: { scaling: { paused: paused ? true : null } } };
  await client.mergePatch(avatarPools, pool, patch, { fieldManager: CLI_FIELD_MANAGER }).catch((error: unknown) => {
    throw isNotFound(error) ? noSuchPool(pool) : error;
  });
  print(
    paused
      ? `AvatarPool ${keyOf(pool)} is paused: its groups keep their size, within min and max`
      : `AvatarPool ${keyOf(pool)} is resumed`,
  );
  const others = otherManagers(before);
  if (others.length > 0)
    hint(`${others.join(" and ")} also set spec.scaling.paused and may revert this: change it in their source too`);
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Managers beside this program that apply the field, such as a GitOps tool. The API server counts a default value as a field of the
 * writer that created the object, so a manager counts only if it applies the field itself.
 */
function otherManagers({ metadata }: ManagedPool): readonly string[] {
  const appliers = (metadata?.managedFields ?? []).filter(
    ({ manager, operation, fieldsV1 }) =>
      operation === "Apply" && manager !== CLI_FIELD_MANAGER && owns(fieldsV1, ["f:spec", "f:scaling", "f:paused"]),
  );
  const names = appliers.flatMap(({ manager }) => manager ?? []);
  return [...new Set([...names, ...(isLastApplied(metadata?.annotations?.[LAST_APPLIED]) ? ["kubectl apply"] : [])])];
}

function isLastApplied(text = "{}"): boolean {
  try {
    return owns(JSON.parse(text), ["spec", "scaling", "paused"]);
  } catch {
    return false;
  }
}

function owns(fields: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (typeof fields !== "object" || fields === null || !(first in fields)) return false;
  return owns((fields as Readonly<Record<string, unknown>>)[first], rest);
}
