import type { Stage } from "../../telemetry/tracing.ts";
import type { LaunchTrace } from "./launch-trace.ts";

/** The stages of a launch until its response, without gaps: `read` until the launch is read and admitted, then one after the other. */
export function launchStages({ arrivedMs, steps = [] }: LaunchTrace, endMs: number): readonly Stage[] {
  const stages: Stage[] = [{ name: "read", startMs: arrivedMs, endMs: steps[0]?.startMs ?? endMs }];
  for (const { stage: name, startMs, endMs: stepEndMs, worker } of steps) {
    const last = stages.at(-1);
    const attributes = name === "forward" && worker !== undefined ? { "avatarpool.worker": worker } : {};
    const joins = last?.name === name && last.endMs === startMs;
    if (joins) stages[stages.length - 1] = { ...last, endMs: stepEndMs };
    else stages.push({ name, startMs, endMs: stepEndMs, attributes });
  }
  return stages;
}
