import type { launchStages } from "../../telemetry/gateway-metrics.ts";

/** A measured stage of a launch. */
export interface LaunchStage {
  readonly name: (typeof launchStages)[number];
  readonly ms: number;
}
