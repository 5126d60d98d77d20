import { conditionReasons as reasons } from "../../api/conditions.ts";
import type { GroupConfig } from "../../api/pool-config.ts";
import { failuresOf, failuresText } from "../planning/failures.ts";
import type { GroupSnapshot, Snapshot } from "../snapshot.ts";
import type { PodProblem, PodView } from "../views.ts";
import { counted } from "../wording.ts";
import { admissionCure } from "./admission-cures.ts";
import type { Cause } from "./condition.ts";

/** What keeps workers of these groups from starting, worst first. */
export function blockerOf({ pool, nowMs }: Snapshot, groups: readonly GroupSnapshot[]): Cause | undefined {
  for (const { config, members } of groups) {
    const failing = members.pods.filter((pod) => pod.problem !== undefined);
    const [first] = failing;
    if (first?.problem !== undefined)
      return { reason: reasons.workerFailing, message: failingMessage(config, failing.length, first, first.problem) };
  }
  for (const { config, members } of groups) {
    const failures = failuresOf(members.ended, nowMs);
    if (failures !== undefined) return { reason: reasons.workerFailing, message: failuresText(pool, config.name, failures) };
  }
  for (const { config, members } of groups) {
    const waiting = members.pods.filter((pod) => pod.unschedulable !== undefined);
    const why = waiting[0]?.unschedulable;
    if (why === undefined) continue;
    const cure = config.engine.accelerator === "gpu" ? "add GPU nodes" : "add nodes";
    return {
      reason: reasons.unschedulable,
      message: `the scheduler finds no node for ${counted(waiting.length, "worker")} of group ${config.name} (${why.replace(/[.\s]+$/, "")}): ${cure}, or lower max`,
    };
  }
  for (const { config, deployment } of groups) {
    const refused = deployment.kind === "own" ? deployment.view.refused : undefined;
    if (refused === undefined) continue;
    return {
      reason: reasons.workersRefused,
      message: `the cluster rejects new workers of group ${config.name}: "${refused.why}": ${admissionCure(refused.why) ?? "change the rule that rejects them, or lower max"}`,
    };
  }
  for (const { config, deployment } of groups) {
    const { stalled, namespace, name } = deployment.kind === "own" ? deployment.view : {};
    if (stalled === undefined) continue;
    return {
      reason: reasons.stalled,
      message: `the Deployment of group ${config.name} makes no progress: "${stalled}"; see kubectl -n ${namespace} describe deployment ${name}`,
    };
  }
  return undefined;
}

function failingMessage(config: GroupConfig, count: number, { namespace, name }: PodView, problem: PodProblem): string {
  const what = `${counted(count, "worker")} of group ${config.name} cannot start: ${problem.reason}: ${problem.message}`;
  return `${what}; see kubectl -n ${namespace} describe pod ${name}`;
}
