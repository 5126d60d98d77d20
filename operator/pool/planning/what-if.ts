import { retarget } from "../../scaling/auto-target.ts";
import { explainSize, sizeGroups } from "../../scaling/size.ts";
import { targetSize } from "../../scaling/target.ts";
import type { DecisionRecord, SizingBasis } from "./decision.ts";
import { type DemandInputs, demandsOn } from "./demand-inputs.ts";

export interface Resized {
  /** Target size of the group. */
  readonly to: number;
  readonly arithmetic: string;
}

/**
 * The calculation of a decision with more or fewer sessions on its group. They belong to the first set of presets that the group
 * serves. Undefined for a group that is being removed.
 */
export function withSessions({ group, inputs, basis }: DecisionRecord, more: number): Resized | undefined {
  if (inputs === undefined || basis === undefined) return undefined;
  const added = Math.max(more, -inputs.sessions);
  const supplies = basis.supplies.map((supply) =>
    supply.name === group ? { ...supply, sessions: supply.sessions + added } : supply,
  );
  const { groups } = sizeGroups(supplies, demandsOn(withTaken(basis.demand, group, added)));
  const size = groups.find(({ supply }) => supply.name === group);
  if (size === undefined) return undefined;
  return { to: sizeAfter(basis, size, inputs), arithmetic: explainSize(size) };
}

function sizeAfter(
  { fixed, wantedBefore }: SizingBasis,
  size: Parameters<typeof targetSize>[0]["size"],
  { maxStep, holdMs }: NonNullable<DecisionRecord["inputs"]>,
): number {
  if (fixed !== undefined) return fixed;
  return targetSize({ size, because: "", maxStep, holdMs, wantedLately: Math.max(wantedBefore, size.workers) }).workers;
}

function withTaken(demand: DemandInputs, group: string, added: number): DemandInputs {
  const first = demand.sets.findIndex(({ set }) => set.groups.includes(group));
  return {
    ...demand,
    room: demand.room === undefined ? undefined : Math.max(0, demand.room - added),
    sets: demand.sets.map((each, index) => {
      if (!each.set.groups.includes(group)) return each;
      const { target, taken } = each.warm;
      const own = index === first && target !== undefined ? retarget(target, added) : target;
      return { ...each, warm: { ...each.warm, taken: taken + added, target: own } };
    }),
  };
}
