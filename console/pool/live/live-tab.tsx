import type { PoolTabProps } from "../pool-tab-props.ts";

export function LiveTab({ state: { workers } }: PoolTabProps) {
  return <p class="card">{workers.size} workers</p>;
}
