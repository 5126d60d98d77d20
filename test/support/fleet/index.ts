export { type Fleet, type FleetOptions, startFleet } from "./fleet.ts";
export type { FleetTotals, Kill } from "./ledger.ts";
export type { Task } from "./tasks.ts";
export { type Failure, failures, StandInWorker } from "./worker.ts";
