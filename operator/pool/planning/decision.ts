import type { GroupSupply } from "../../scaling/size.ts";
import type { TargetInputs } from "../../scaling/target.ts";
import type { DemandInputs } from "./demand-inputs.ts";

/** Decisions on sizes as data: inputs, arithmetic, result and reason. */

/** All inputs of a group's size. */
export interface DecisionInputs extends Pick<GroupSupply, Supplied>, Pick<TargetInputs, "maxStep" | "holdMs" | "wantedLately"> {
  /** Free slots that the load of its workers blocks. */
  readonly blocked: number;
  /** Workers that a user drains. Their sessions are not in `sessions`. */
  readonly drained: number;
  /** Queued launches that are assigned to this group. */
  readonly queued: number;
  /** Free slots required of it, the slot deficit included. */
  readonly buffer: number;
  readonly deficit: number;
  /** Pods without a node. */
  readonly unschedulable: number;
  /** Limit on workers that wait for a node, if nodes are short. */
  readonly nodeAllowance: number | undefined;
  /** Pods in deletion. */
  readonly terminating: number;
  /** Replicas without a pod yet. */
  readonly unseen: number;
}

/** What the sizes of all groups were computed from, for the same calculation with other numbers. */
export interface SizingBasis {
  readonly demand: DemandInputs;
  readonly supplies: readonly GroupSupply[];
  /** The largest size that was wanted within the hold time before this decision. */
  readonly wantedBefore: number;
  /** The target if something else than the demand decided it: a pause, or a missing Secret. */
  readonly fixed: number | undefined;
}

type Supplied = "sessions" | "slotsPerWorker" | "min" | "max" | "lost";

export interface DecisionRecord {
  readonly atMs: number;
  readonly group: string;
  readonly from: number;
  readonly to: number;
  /** Absent for groups that are being removed. */
  readonly inputs?: DecisionInputs;
  /** As `inputs`. */
  readonly basis?: SizingBasis;
  /** The arithmetic of the size, as a clause. */
  readonly arithmetic: string;
  readonly outcome: "grew" | "shrank" | "unchanged";
  /** A sentence: why `to`, or why nothing changed. */
  readonly reason: string;
}

export function outcomeOf(from: number, to: number): DecisionRecord["outcome"] {
  return to > from ? "grew" : to < from ? "shrank" : "unchanged";
}
