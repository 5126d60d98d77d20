import type { PoolConfig } from "../../api/pool-config.ts";
import type { LaunchRequest } from "../../engines/index.ts";

/** The parts of a launch that overflow uses. */
export interface OverflowLaunch {
  readonly pool: PoolConfig;
  /** Key of the pool. */
  readonly key: string;
  readonly keys: CloudSessionKeys;
  readonly preset: string | undefined;
  readonly request: LaunchRequest;
  /** Unix time in ms. */
  readonly arrivedMs: number;
  /** Unix time in ms at which the launch leaves the queue. */
  readonly deadlineMs: number;
}

export interface CloudSessionKeys {
  /** Requests with the same key are the same launch. */
  readonly launch: string;
  /** Identity of the avatar's agent; undefined if the room token names none. */
  readonly agent: string | undefined;
}
