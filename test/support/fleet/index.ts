export { type Fleet, type FleetOptions, startFleet } from "./fleet.ts";
export type { FleetTotals, Kill } from "./ledger.ts";
export { type Failure, failures } from "./served-worker.ts";
export type { Task } from "./tasks.ts";
export { StandInWorker } from "./worker.ts";
