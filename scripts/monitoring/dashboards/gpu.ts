import * as units from "@grafana/grafana-foundation-sdk/units";
import { CHOSEN_POOLS } from "./board.ts";
import { lines } from "./panels.ts";

/**
 * Metrics of the DCGM exporter by group. The Deployment of a worker's pod is `<pool>-<group>`, so no further exporter is
 * necessary to assign pods to groups.
 */

/** The exporter's own labels of the pod. Prometheus renames them to `exported_…` unless it honors labels. */
const ofPods = (metric: string) => renamed(renamed(metric, "namespace"), "pod");

function renamed(expr: string, label: string): string {
  return `label_replace(${expr}, "${label}", "$1", "exported_${label}", "(.+)")`;
}

/** 1 for each group, with the name of its Deployment. */
const groups = `max by (namespace, pool, group, deployment) (label_join(avatarpool_group_desired_replicas{${CHOSEN_POOLS}}, "deployment", "-", "pool", "group")) * 0 + 1`;

function byGroup(aggregate: "avg" | "sum", metric: string): string {
  const deployment = `label_replace(${ofPods(metric)}, "deployment", "$1", "pod", "(.+)-[a-z0-9]+-[a-z0-9]{5}")`;
  return `${aggregate} by (namespace, pool, group) (${deployment} * on (namespace, deployment) group_left (pool, group) (${groups}))`;
}

const legend = "{{namespace}}/{{pool}} {{group}}";

export const gpuRow = [
  lines({
    title: "GPU utilisation",
    description: "Mean over the GPUs of a group, from the DCGM exporter.",
    unit: units.Percent,
    width: 12,
    queries: [{ expr: byGroup("avg", "DCGM_FI_DEV_GPU_UTIL"), legend }],
  }),
  lines({
    title: "GPU memory in use",
    description: "Sum over the GPUs of a group, from the DCGM exporter.",
    unit: units.BytesIEC,
    width: 12,
    // The exporter reports MiB.
    queries: [{ expr: `1048576 * ${byGroup("sum", "DCGM_FI_DEV_FB_USED")}`, legend }],
  }),
];
