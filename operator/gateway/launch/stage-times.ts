import type { LaunchStage } from "../sessions/launch-stage.ts";
import type { LaunchTrace } from "./launch-trace.ts";

/** The stages of a served launch until its response, in order. @param endMs Unix time in ms of the response. */
export function stageTimes(
  { arrivedMs, waitedMs, forwardMs }: Pick<LaunchTrace, "arrivedMs" | "waitedMs" | "forwardMs">,
  endMs: number,
): readonly LaunchStage[] {
  return [
    { name: "queue", ms: waitedMs },
    { name: "pick", ms: Math.max(0, endMs - arrivedMs - waitedMs - forwardMs) },
    { name: "forward", ms: forwardMs },
  ];
}
