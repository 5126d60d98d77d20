export { ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
export type { NodeSpec } from "./nodes.ts";
export type { RunResult } from "./run.ts";
export { allTools, lineOnStderr, type Progress, type ToolName, toolPath } from "./tools.ts";
