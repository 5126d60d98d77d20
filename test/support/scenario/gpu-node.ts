import type { NodeSpec } from "../controlplane/index.ts";

/** The usual taint of GPU node groups. */
const gpuTaint = { key: "nvidia.com/gpu", effect: "NoSchedule" as const };

/** A node with GPUs. @param keptFor the only scenario whose workers may run there. Default: all. */
export function gpuNode(name: string, gpus: number, keptFor?: string): NodeSpec {
  const size = { name, gpus, cpu: "256", memory: "2Ti" };
  if (keptFor === undefined) return { ...size, taints: [gpuTaint] };
  const kept = { key: "kept-for", value: keptFor };
  return { ...size, labels: { [kept.key]: kept.value }, taints: [gpuTaint, { ...kept, effect: "NoSchedule" }] };
}

/** Group settings that restrict its workers to the scenario's nodes. */
export function onNodesKeptFor(scenario: string): object {
  const kept = { key: "kept-for", value: scenario };
  return { nodeSelector: { [kept.key]: kept.value }, tolerations: [{ ...kept, effect: "NoSchedule" }] };
}
