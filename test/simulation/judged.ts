import type { PoolConfig } from "../../operator/api/pool-config.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import type { SimApi } from "./api.ts";
import type { ApiObject } from "./api-objects.ts";
import type { SimCluster } from "./cluster.ts";
import type { Timeline } from "./timeline.ts";
import type { Witness } from "./witness.ts";
import type { SimWorkers } from "./workers.ts";

/** The view of a world for the checks of the promises. */
export interface JudgedWorld {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly witness: Witness;
  readonly api: SimApi;
  readonly cluster: SimCluster;
  readonly workers: SimWorkers;
  readonly pool: PoolConfig;
  /** Undefined if the pool was deleted. */
  readonly poolObject: ApiObject | undefined;
  /** Undefined while no operator runs. */
  readonly operator: { readonly startedMs: number } | undefined;
  readonly started: ReadonlyMap<string, number>;
  readonly calmSinceMs: number;
  readonly untroubled: boolean;
  /** The same without the control plane: only for gateways, workers and the spec. */
  readonly servingCalmSinceMs: number;
  readonly servingUntroubled: boolean;
  readonly isCalm: boolean;
  readonly hasRoom: boolean;
  readonly longestStartMs: number;
  readonly longestWaitMs: number;
  /** When the pool last had its maximum of sessions. */
  readonly lastFullMs: number;
  replicas(group: string): number | undefined;
  sessions(): number;
}
