import type { LaunchRequest } from "../../engines/index.ts";

/** The name of the preset that a launch requests; undefined for a face image of its own. */
export function presetOf({ avatar }: LaunchRequest): string | undefined {
  return avatar.kind === "preset" ? avatar.name : undefined;
}
