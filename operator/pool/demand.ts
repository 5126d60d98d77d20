import type { PoolConfig } from "../api/pool-config.ts";

/** `scaling.scaleDownAfter: auto` while no forecast says better. */
const DEFAULT_HOLD_MS = 300_000;

/** Slots that are kept free and warm for every preset. */
export function warmFloor({ warm }: PoolConfig): number {
  return warm.slots.kind === "count" ? warm.slots.slots : 1;
}

/** How long workers that are not wanted any more are kept. */
export function holdMs({ scaling }: PoolConfig): number {
  return scaling.scaleDownAfterMs ?? DEFAULT_HOLD_MS;
}
