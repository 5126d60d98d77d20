import { formatDuration } from "../api/duration.ts";
import { explainSize, type GroupSize } from "./size.ts";

export interface Target {
  readonly workers: number;
  readonly because: string;
}

export interface TargetInputs {
  readonly size: GroupSize;
  /** The reason for the warm buffer, as a clause; may be empty. */
  readonly because: string;
  /** Maximum number of workers that one decision adds. */
  readonly maxStep: number;
  /** The group shrinks to a smaller size only after this size was sufficient for this long. */
  readonly holdMs: number;
  /** The largest size that was wanted within that time. */
  readonly wantedLately: number;
}

/** Grows at once by at most one step. Shrinks to the largest size within the hold time. Stays within min and max of the group. */
export function targetSize({ size, because, maxStep, holdMs, wantedLately }: TargetInputs): Target {
  const { min, max, replicas, nodes } = size.supply;
  const arithmetic = because === "" ? explainSize(size) : `${explainSize(size)} (${because})`;
  if (size.workers >= replicas) {
    const workers = Math.max(min, Math.min(size.workers, replicas + maxStep));
    return {
      workers,
      because: workers === size.workers ? arithmetic : `${arithmetic}; limited to ${maxStep} more workers per step`,
    };
  }
  const bounded = Math.min(max, Math.max(min, replicas));
  const held = Math.min(bounded, Math.max(size.workers, wantedLately));
  const asked = nodes?.asked ?? held;
  if (asked < held) {
    const workers = Math.max(size.workers, asked);
    return { workers, because: `${arithmetic}; limited to ${workers} by the available nodes` };
  }
  return { workers: held, because: `${arithmetic}; at most ${held} were wanted within the last ${formatDuration(holdMs)}` };
}
