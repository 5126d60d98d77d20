export type { Answer, LaunchOptions } from "./launch.ts";
export { ModelServer } from "./model-server.ts";
export { cpuGroup, type Deployment, gpuGroup, type Pod, Scenario, SECRET_VALUE } from "./scenario.ts";
export { Stage, TIME_FACTOR } from "./stage.ts";
