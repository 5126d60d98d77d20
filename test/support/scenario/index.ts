export { gpuNode, onNodesKeptFor } from "./gpu-node.ts";
export { type Answer, type LaunchOptions, ROOM_TOKEN, SECRET_VALUE } from "./launch.ts";
export { ModelServer } from "./model-server.ts";
export { cpuGroup, gpuGroup } from "./pool-object.ts";
export { type Deployment, type Pod, PoolScenario } from "./pool-scenario.ts";
export { Scenario } from "./scenario.ts";
export { Stage, TIME_FACTOR } from "./stage.ts";
export { stageWithModels } from "./stage-with-models.ts";
