import { formatDuration } from "../api/duration.ts";
import { explainSize, type GroupSize } from "./size.ts";

/** The size to move towards, and why. */
export interface Target {
  readonly workers: number;
  readonly because: string;
}

export interface TargetInputs {
  readonly size: GroupSize;
  /** Where the warm buffer comes from, as a clause; empty where there is nothing to add. */
  readonly because: string;
  /** Most workers that one decision may add. */
  readonly maxStep: number;
  /** A smaller size waits until it has been large enough for this long. */
  readonly holdMs: number;
  /** Most workers that were wanted within that time. */
  readonly wantedLately: number;
}

/** Grows at once, by a step at most; shrinks to the largest size of the hold time. Always within min and max of the group. */
export function targetSize({ size, because, maxStep, holdMs, wantedLately }: TargetInputs): Target {
  const { min, max, replicas, nodes } = size.supply;
  const arithmetic = because === "" ? explainSize(size) : `${explainSize(size)} (${because})`;
  if (size.workers >= replicas) {
    const workers = Math.max(min, Math.min(size.workers, replicas + maxStep));
    return { workers, because: workers === size.workers ? arithmetic : `${arithmetic}; at most ${maxStep} more at once` };
  }
  const bounded = Math.min(max, Math.max(min, replicas));
  const held = Math.min(bounded, Math.max(size.workers, wantedLately));
  const asked = nodes?.asked ?? held;
  if (asked < held) {
    const workers = Math.max(size.workers, asked);
    return { workers, because: `${arithmetic}; no more than ${workers} find a node or may wait for one` };
  }
  return { workers: held, because: `${arithmetic}, no more than ${held} wanted for ${formatDuration(holdMs)}` };
}
