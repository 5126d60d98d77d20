import type { WarmSlots } from "../api/pool-config.ts";

/** `scaling.scaleDownAfter: auto` where no forecast says better. */
export const DEFAULT_HOLD_MS = 300_000;

/** `warm.slots: auto` while no forecast says better; and the least that a share comes to. */
export const DEFAULT_WARM_SLOTS = 1;

/** Free slots that are `percent` of all, as Agones computes its buffer: ceil(taken * p / (100 - p)). */
export function shareOfSlots(taken: number, { percent }: Extract<WarmSlots, { kind: "share" }>): number {
  return Math.ceil((taken * percent) / (100 - percent));
}
