export { ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
export type { NodeSpec } from "./nodes.ts";
export { lineOnStderr, type Progress } from "./progress.ts";
export type { RunResult } from "./run.ts";
export type { ToolName } from "./tool-modules.ts";
export { allTools, toolPath } from "./tools.ts";
export { TimeoutError, until } from "./until.ts";
