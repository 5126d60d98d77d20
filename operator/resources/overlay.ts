/**
 * A strategic merge patch of a pod, as in `kubectl patch --type=strategic`: objects are merged field by field, lists with a merge
 * key are merged by that key, other lists are replaced, and null removes a field. Directives such as `$patch` are not supported.
 */

/** Lists that are merged, with their merge key. Source: `patchMergeKey` in Kubernetes `staging/src/k8s.io/api/core/v1/types.go`. */
export const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  ports: "containerPort",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  resourceClaims: "name",
  schedulingGates: "name",
};

/** Lists whose items are replaced as a whole: an item has exactly one source, and the API server rejects two. */
const wholeItems = new Set(["volumes", "env"]);

export type JsonObject = { readonly [field: string]: unknown };

export function overlaid<T extends object>(base: T, overlay: JsonObject): T {
  return mergeObjects(base as unknown as JsonObject, overlay) as unknown as T;
}

function mergeObjects(base: JsonObject, overlay: JsonObject): JsonObject {
  const merged = new Map(Object.entries(base));
  for (const [field, value] of Object.entries(overlay)) {
    if (value === null) merged.delete(field);
    else merged.set(field, mergeValues(field, merged.get(field), value));
  }
  return Object.fromEntries(merged);
}

function mergeValues(field: string, base: unknown, overlay: unknown): unknown {
  const key = mergeKeys[field];
  if (key !== undefined && Array.isArray(overlay)) return mergeLists(field, key, Array.isArray(base) ? base : [], overlay);
  return isObject(overlay) ? mergeObjects(isObject(base) ? base : {}, overlay) : overlay;
}

function mergeLists(field: string, key: string, base: readonly unknown[], overlay: readonly unknown[]): readonly unknown[] {
  const merged = [...base];
  for (const item of overlay) {
    const index = merged.findIndex((other) => isObject(other) && isObject(item) && other[key] === item[key]);
    const before = index < 0 || wholeItems.has(field) ? {} : merged[index];
    const after = isObject(item) ? mergeObjects(isObject(before) ? before : {}, item) : item;
    if (index < 0) merged.push(after);
    else merged[index] = after;
  }
  return merged;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
