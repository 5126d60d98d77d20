import { KubeError } from "../../operator/kube/errors.ts";
import { type ApiObject, type PodStatus, withConditions } from "./api-objects.ts";

/** A write with an object's UID or version applies to that object only. */
export function refuseOther(before: ApiObject | undefined, meant: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(meant))
    if (value !== undefined && before?.metadata[field] !== value)
      throw new KubeError(`the object has another ${field}`, { status: 409, reason: "Conflict" });
}

export function mergedStatus(plural: string, present: ApiObject, wanted: ApiObject): unknown {
  if (plural !== "pods") return wanted.status;
  return withReady(withConditions(present.status as PodStatus, ...(wanted.status as PodStatus).conditions), present);
}

/** A pod is Ready if its containers are ready and every gate is True. */
export function withReady(status: PodStatus, pod: ApiObject): PodStatus {
  const { readinessGates = [] } = pod.spec as { readonly readinessGates?: readonly { readonly conditionType: string }[] };
  const needed = ["ContainersReady", ...readinessGates.map(({ conditionType }) => conditionType)];
  const ready = needed.every((type) =>
    status.conditions.some((condition) => condition.type === type && condition.status === "True"),
  );
  return withConditions(status, { type: "Ready", status: ready ? "True" : "False" });
}

export function namesIn({ metadata }: ApiObject) {
  return { labels: Object.keys(metadata.labels ?? {}), annotations: Object.keys(metadata.annotations ?? {}) };
}

export function replaced(
  present: Readonly<Record<string, string>> = {},
  owned: readonly string[],
  wanted: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(Object.entries(present).filter(([name]) => !owned.includes(name))), ...wanted };
}

export function differ(a: unknown, b: unknown): boolean {
  return a !== b && JSON.stringify(a) !== JSON.stringify(b);
}

interface Spec {
  readonly template?: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
}

/** Annotation that `kubectl` writes on a pod template. No other field manager removes it. */
const RESTARTED = "kubectl.kubernetes.io/restartedAt";

/** The spec after an apply: fields of other managers stay. */
export function withForeign(present: unknown, wanted: unknown): object {
  const { template, ...rest } = wanted as Spec;
  const restartedAt = (present as Spec).template?.metadata?.annotations?.[RESTARTED];
  const merged = { ...(present as object), ...rest };
  if (template === undefined) return merged;
  return { ...merged, template: restartedAt === undefined ? template : restarted(template, restartedAt) };
}

/** A template after `kubectl rollout restart`. */
export function restarted(template: Spec["template"], at: string): object {
  const annotations = { ...template?.metadata?.annotations, [RESTARTED]: at };
  return { ...template, metadata: { ...template?.metadata, annotations } };
}
