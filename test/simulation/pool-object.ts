import type { PoolConfig } from "../../operator/api/pool-config.ts";

export const POOL = { namespace: "avatars", name: "support" };

/** The pool as a user writes it. */
export function poolObject(spec: Record<string, unknown>): object {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { ...POOL, uid: "pool-1", generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
  };
}

/** The rules of the CRD that edits can violate. */
export function isAllowed({ presets, groups }: PoolConfig): boolean {
  const unique = (items: readonly { readonly name: string }[]) => new Set(items.map(({ name }) => name)).size === items.length;
  const served = presets.every(({ name }) => groups.some((group) => group.presets.includes(name)));
  return unique(presets) && unique(groups) && served && groups.every((group) => group.presets.length > 0 && group.min <= group.max);
}
