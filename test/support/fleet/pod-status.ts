import type { V1PodCondition } from "@kubernetes/client-node";
import type { Json } from "../../../operator/kube/types.ts";
import { apiTime, type ContainerState, type ContainerStatus, containerStatus, initialising } from "./container-state.ts";
import { type Container, conditionOf, isSidecar, type Pod } from "./pod.ts";

export type Condition = Json<V1PodCondition>;

/** The part of a pod's status that the kubelet writes. */
export interface KubeletStatus {
  readonly phase: "Pending" | "Running";
  readonly conditions: readonly Condition[];
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
}

/**
 * The status that a kubelet would write. Ready is True if ContainersReady and the condition of every readiness gate are True.
 * @param before the previous result. Conditions with the same status keep their transition times.
 */
export function kubeletStatus(
  pod: Pod,
  states: ReadonlyMap<string, ContainerState>,
  nowMs: number,
  before?: KubeletStatus,
): KubeletStatus {
  const stateOf = ({ name }: Container) => states.get(name) ?? initialising;
  const inits = pod.spec?.initContainers ?? [];
  const mains = pod.spec?.containers ?? [];
  const findings = [
    initialized(inits.filter((container) => !isInitialised(container, stateOf(container)))),
    containersReady([...inits.filter(isSidecar), ...mains].filter((container) => !stateOf(container).ready)),
  ];
  return {
    phase: mains.some((container) => hasRun(stateOf(container))) ? "Running" : "Pending",
    conditions: [...findings, ready(pod, findings)].map((finding) => condition(finding, nowMs, before)),
    initContainerStatuses: inits.map((container) => containerStatus(container, stateOf(container))),
    containerStatuses: mains.map((container) => containerStatus(container, stateOf(container))),
  };
}

interface Finding {
  readonly type: string;
  readonly holds: boolean;
  readonly reason?: string;
  readonly message?: string;
}

function isInitialised(container: Container, state: ContainerState): boolean {
  if (isSidecar(container)) return state.started;
  return state.current.kind === "terminated" && state.current.exitCode === 0;
}

function hasRun({ current, last }: ContainerState): boolean {
  return current.kind !== "waiting" || last !== undefined;
}

function initialized(missing: readonly Container[]): Finding {
  if (missing.length === 0) return { type: "Initialized", holds: true };
  const message = `containers with incomplete status: [${names(missing)}]`;
  return { type: "Initialized", holds: false, reason: "ContainersNotInitialized", message };
}

function containersReady(missing: readonly Container[]): Finding {
  if (missing.length === 0) return { type: "ContainersReady", holds: true };
  const message = `containers with unready status: [${names(missing)}]`;
  return { type: "ContainersReady", holds: false, reason: "ContainersNotReady", message };
}

function ready(pod: Pod, findings: readonly Finding[]): Finding {
  const obstacle = findings.find(({ type, holds }) => type === "ContainersReady" && !holds);
  if (obstacle !== undefined) return { ...obstacle, type: "Ready" };
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const status = conditionOf(pod, conditionType)?.status;
    if (status === "True") return [];
    const gate = `pod readiness gate "${conditionType}"`;
    return [
      status === undefined
        ? `corresponding condition of ${gate} does not exist.`
        : `the status of ${gate} is not "True", but ${status}`,
    ];
  });
  if (messages.length === 0) return { type: "Ready", holds: true };
  return { type: "Ready", holds: false, reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}

function condition({ type, holds, reason, message }: Finding, nowMs: number, before?: KubeletStatus): Condition {
  const status = holds ? "True" : "False";
  const previous = before?.conditions.find((other) => other.type === type);
  const since = previous?.status === status ? previous.lastTransitionTime : undefined;
  return {
    type,
    status,
    // Empty, not absent: kwok wrote the first conditions, and an apply does not change absent fields.
    reason: reason ?? "",
    message: message ?? "",
    lastTransitionTime: since ?? apiTime(nowMs),
  };
}

function names(containers: readonly Container[]): string {
  return containers.map(({ name }) => name).join(" ");
}
