import { WORKER_CONTAINER } from "../api/names.ts";
import type { GroupConfig } from "../api/pool-config.ts";
import { ASSETS_PREFIX } from "./asset-variables.ts";
import { isObject, type JsonObject, mergeKeys } from "./overlay.ts";
import { ASSETS_CONTAINER, DRAIN_CONTAINER } from "./sidecar.ts";

/**
 * Checks the fields that `podTemplate` of a group must not change. The rules of the CRD reject the outer fields. This function
 * rejects fields inside containers, which the rules cannot inspect.
 * @returns one sentence per problem, with what to do.
 */
export function overlayProblems(group: GroupConfig): readonly string[] {
  const spec = group.spec.podTemplate?.spec ?? {};
  return [...directives("spec", spec), ...unkeyed("spec", spec), ...touched(group, spec)];
}

function directives(path: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => directives(`${path}[${index}]`, item));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) =>
    field.startsWith("$")
      ? [`${path}.${field} is a patch directive, which is not supported: set a field to null to remove it`]
      : directives(`${path}.${field}`, inner),
  );
}

/** In a list that is merged by a key, each item needs a unique key. */
function unkeyed(path: string, value: unknown): readonly string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const key = mergeKeys[field];
    const here = `${path}.${field}`;
    if (key === undefined || inner === null) return unkeyed(here, inner);
    if (!Array.isArray(inner)) return [`${here} must be a list`];
    const keys = inner.map((item) => (isObject(item) ? item[key] : undefined));
    return inner.flatMap((item, index) => {
      if (keys[index] === undefined) return [`${here}[${index}] needs the field ${key}, which identifies the item`];
      if (keys.indexOf(keys[index]) !== index)
        return [`${here}[${index}] has the same ${key} as an earlier item: merge the two items`];
      return unkeyed(`${here}[${index}]`, item);
    });
  });
}

function touched({ engine }: GroupConfig, spec: JsonObject): readonly string[] {
  const worker = named(spec.containers, WORKER_CONTAINER);
  const drain = named(spec.initContainers, DRAIN_CONTAINER);
  const assets = named(spec.initContainers, ASSETS_CONTAINER);
  const lifecycle = isObject(worker?.lifecycle) ? worker.lifecycle : undefined;
  const ours = [engine.secretEnv, engine.sessionsEnv, engine.jobs?.env.loadThreshold].filter((name) => name !== undefined);
  const fields = ["apiSecretRef", engine.jobs === undefined ? "sessionsPerWorker" : "loadThreshold"];
  const ofAssets = namesIn(assets?.env).filter((name) => name.startsWith(ASSETS_PREFIX));
  const problem = (isTouched: boolean, sentence: string) => (isTouched ? [sentence] : []);
  return [
    ...problem(spec.containers === null, "spec.containers cannot be removed"),
    ...problem(spec.initContainers === null, "spec.initContainers cannot be removed: they keep a worker until its sessions end"),
    ...problem(
      worker?.lifecycle === null || lifecycle?.preStop !== undefined,
      engine.drainedBy === "hook"
        ? `the preStop hook of container ${WORKER_CONTAINER} must stay: it keeps a worker until its sessions end; set the limit with drain.timeout`
        : `container ${WORKER_CONTAINER} must have no preStop hook: the worker takes jobs until SIGTERM; set the limit of its drain with drain.timeout`,
    ),
    ...problem(
      worker?.ports === null || hasPort(worker?.ports, engine.port),
      `the port http of container ${WORKER_CONTAINER} must stay: gateways reach the worker there`,
    ),
    ...problem(
      worker?.env === null || namesIn(worker?.env).some((name) => ours.includes(name)),
      `the variables ${ours.join(" and ")} of container ${WORKER_CONTAINER} must stay: set ${fields.join(" and ")} instead`,
    ),
    ...problem(drain !== undefined, `container ${DRAIN_CONTAINER} must stay unchanged: set its resources with helpers.resources`),
    ...problem(
      ["image", "command", "args", "restartPolicy"].some((field) => assets?.[field] !== undefined) ||
        assets?.env === null ||
        ofAssets.length > 0,
      `image, command, args and the variables ${ASSETS_PREFIX}* of container ${ASSETS_CONTAINER} must stay: the presets define the files to fetch`,
    ),
  ];
}

function named(list: unknown, name: string): JsonObject | undefined {
  return Array.isArray(list) ? list.find((item): item is JsonObject => isObject(item) && item.name === name) : undefined;
}

function namesIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.flatMap((item) => (isObject(item) && typeof item.name === "string" ? item.name : [])) : [];
}

function hasPort(list: unknown, port: number): boolean {
  return Array.isArray(list) && list.some((item) => isObject(item) && (item.name === "http" || item.containerPort === port));
}
