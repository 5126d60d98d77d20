/** Decisions on sizes, kept as data: what they were made from, the arithmetic, what came of it and why. */

/** All numbers that a group's size was made from. */
export interface DecisionInputs {
  readonly sessions: number;
  /** Waiting launches that were given to this group. */
  readonly queued: number;
  /** Free slots asked of it, those for launches that were short of capacity included. */
  readonly buffer: number;
  /** Slots that recent launches of its presets lacked. */
  readonly deficit: number;
  readonly slotsPerWorker: number;
  readonly min: number;
  readonly max: number;
  /** Pods that the scheduler finds no node for. */
  readonly unschedulable: number;
  /** Workers that may wait for a node at once, where nodes are short. */
  readonly nodeAllowance: number | undefined;
  /** Pods that are being deleted. */
  readonly terminating: number;
  /** Replicas that no pod is seen for yet. */
  readonly unseen: number;
  /** Workers on nodes that are gone. */
  readonly lost: number;
  /** Most workers that this decision could add. */
  readonly maxStep: number;
  readonly holdMs: number;
  /** Most workers that were wanted within that time. */
  readonly wantedLately: number;
}

export interface DecisionRecord {
  /** Unix time in ms. */
  readonly atMs: number;
  readonly group: string;
  readonly from: number;
  readonly to: number;
  /** Absent for groups that are being removed. */
  readonly inputs?: DecisionInputs;
  /** The sum behind the size, as a clause. */
  readonly arithmetic: string;
  readonly outcome: "grew" | "shrank" | "unchanged";
  /** A sentence: why `to`, or why nothing changed. */
  readonly reason: string;
}

export function outcomeOf(from: number, to: number): DecisionRecord["outcome"] {
  return to > from ? "grew" : to < from ? "shrank" : "unchanged";
}
