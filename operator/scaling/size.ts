import type { NodeLimit } from "./nodes.ts";
import type { ServingSet } from "./serving-sets.ts";

/**
 * The size of each worker group. Pure arithmetic over slots, which the controller, `avatarpool plan` and the simulator share.
 */

/** Stands for launches with a custom face image where demand is counted by preset. */
export const CUSTOM_AVATAR = "";

export interface GroupSupply {
  readonly name: string;
  readonly slotsPerWorker: number;
  readonly min: number;
  readonly max: number;
  /** Sessions that run on its workers now. Sessions cannot move. */
  readonly sessions: number;
  /** Free slots that the load of its workers blocks. They are no supply. Absent: none. */
  readonly blocked?: number | undefined;
  readonly replicas: number;
  /** Workers that exist in the API only, such as those on a lost node. They are replaced. */
  readonly lost: number;
  /** Workers that a user drains. They are replaced, within the maximum. Absent: none. */
  readonly drained?: number | undefined;
  /** Absent if no worker lacks a node. */
  readonly nodes?: NodeLimit | undefined;
}

export interface SetDemand {
  readonly set: ServingSet;
  /** Launches that wait now. */
  readonly queued: number;
  /** Slots to keep free. */
  readonly warm: number;
  /** Slots to keep free in addition, because recent launches lacked them and may be retried. */
  readonly deficit: number;
  /** The reason for `warm`, as a clause; empty if it is the user's own number. */
  readonly because: string;
}

export interface GroupSize {
  readonly supply: GroupSupply;
  /** Between min and max. */
  readonly workers: number;
  readonly queued: number;
  /** Free slots that this group must provide, for the warm buffer and the deficit. */
  readonly buffer: number;
  /** The size without the limit of nodes. */
  readonly wanted: number;
  /** Of `workers`: those that are kept until the workers of the groups before it have nodes. */
  readonly kept: number;
  readonly atMaximum: boolean;
}

export interface Sizing {
  /** In the order in which they are filled. */
  readonly groups: readonly GroupSize[];
  /** By key of the serving set: slots that its groups cannot provide within their maximum. */
  readonly unmet: ReadonlyMap<string, number>;
}

interface Tally {
  readonly supply: GroupSupply;
  /** Maximum number of workers in this round. */
  readonly cap: number;
  queued: number;
  buffer: number;
  /** Slots beyond its cap. */
  missed: { queued: number; buffer: number };
}

/**
 * Sizes every group: workers = lost + drained + ceil((sessions + blocked + queued + buffer) / slots per worker), within min and max.
 *
 * Sets with the least choice come first. The queued launches of a set take slots that exist anyway (from `min` or from rounding
 * up to whole workers), then new ones on the first group that can grow, then on the next. Then the set gets free slots until it
 * has `warm + deficit` of them; a free slot counts for every set that its group serves.
 *
 * If a group lacks nodes, it is filled with obtainable workers only, and the rest spills over to the next group. It still
 * requests a few more, up to its allowance, so a cluster autoscaler sees the demand. A group that took the rest keeps its workers
 * until those of the first group have nodes; otherwise the two groups would alternate.
 *
 * @param groups in the order in which they are filled.
 * @param demands as from {@link servingSets}: those with the fewest groups first.
 */
export function sizeGroups(groups: readonly GroupSupply[], demands: readonly SetDemand[]): Sizing {
  const within = (limit: "obtainable" | "placed") => (group: GroupSupply) =>
    group.nodes === undefined ? group.max : Math.min(group.max, Math.max(group.min, group.nodes[limit]));
  const wanted = fill(groups, demands, ({ max }) => max);
  const short = groups.some(({ nodes }) => nodes !== undefined);
  const found = short ? fill(groups, demands, within("obtainable")) : wanted;
  const sure = short ? fill(groups, demands, within("placed")) : wanted;
  return {
    groups: found.tallies.map((tally, index) => sizeOf(tally, wanted.tallies[index] ?? tally, sure.tallies[index] ?? tally)),
    unmet: wanted.unmet,
  };
}

interface Filling {
  readonly tallies: readonly Tally[];
  readonly unmet: ReadonlyMap<string, number>;
}

function fill(groups: readonly GroupSupply[], demands: readonly SetDemand[], capOf: (supply: GroupSupply) => number): Filling {
  const tallies: Tally[] = groups.map((supply) => {
    return { supply, cap: capOf(supply), queued: 0, buffer: 0, missed: { queued: 0, buffer: 0 } };
  });
  const membersOf = ({ set }: SetDemand) => set.groups.flatMap((name) => tallies.find(({ supply }) => supply.name === name) ?? []);
  const unmet = new Map<string, number>();
  const lacks = ({ set }: SetDemand, slots: number) => {
    if (slots > 0) unmet.set(set.key, (unmet.get(set.key) ?? 0) + slots);
  };
  for (const demand of demands) lacks(demand, placeQueued(membersOf(demand), demand.queued));
  for (const demand of demands) lacks(demand, placeBuffer(membersOf(demand), demand.warm + demand.deficit));
  return { tallies, unmet };
}

/** @returns the launches that found no slot. */
function placeQueued(tallies: readonly Tally[], queued: number): number {
  let rest = queued;
  for (const tally of tallies) {
    const here = Math.min(rest, free(tally));
    tally.queued += here;
    rest -= here;
  }
  for (const tally of tallies) {
    const here = Math.min(rest, room(tally));
    tally.queued += here;
    rest -= here;
    tally.missed.queued += rest;
  }
  return rest;
}

/** @returns the free slots that are still missing. */
function placeBuffer(tallies: readonly Tally[], buffer: number): number {
  let rest = buffer - tallies.reduce((sum, tally) => sum + free(tally), 0);
  for (const tally of tallies) {
    if (rest <= 0) return 0;
    const here = Math.min(rest, room(tally));
    if (here > 0) tally.buffer = free(tally) + here;
    rest -= here;
    tally.missed.buffer = Math.max(tally.missed.buffer, rest);
  }
  return Math.max(0, rest);
}

/** Slots of a group that its sessions and queued launches leave free. */
function free(tally: Tally): number {
  return Math.max(0, slotsOf(tally, workersOf(tally)) - taken(tally));
}

/** Slots by which the group can still grow. */
function room(tally: Tally): number {
  return Math.max(0, slotsOf(tally, tally.cap) - Math.max(taken(tally), slotsOf(tally, workersOf(tally))));
}

function taken({ supply, queued }: Tally): number {
  return occupied(supply) + queued;
}

function slotsOf({ supply }: Tally, workers: number): number {
  return Math.max(0, workers - unusable(supply)) * supply.slotsPerWorker;
}

function workersOf({ supply, cap, queued, buffer }: Tally): number {
  return Math.max(supply.min, Math.min(cap, unusable(supply) + Math.max(supply.min, needed({ supply, queued, buffer }))));
}

/** Workers that can take no launch. */
function unusable({ lost, drained = 0 }: GroupSupply): number {
  return lost + drained;
}

/** The size of the group once its drained workers are gone. */
export function sizeWithoutDrained(size: GroupSize): number {
  const { min, max, lost } = size.supply;
  return Math.max(min, Math.min(max, lost + Math.max(min, needed(size))));
}

/** Workers for the required slots, without limits. */
function needed({ supply, queued, buffer }: Pick<Tally, "supply" | "queued" | "buffer">): number {
  return Math.ceil((occupied(supply) + queued + buffer) / supply.slotsPerWorker);
}

/** Slots that no further session can have. */
function occupied({ sessions, blocked = 0 }: GroupSupply): number {
  return sessions + blocked;
}

function sizeOf(tally: Tally, ideal: Tally, sure: Tally): GroupSize {
  const { supply, queued, buffer, missed } = tally;
  const { replicas, max, nodes, slotsPerWorker } = supply;
  const wanted = workersOf(ideal);
  const own = workersOf(tally);
  const kept = Math.max(0, Math.min(workersOf(sure), replicas) - own);
  const hoped = Math.min(max, own + Math.ceil((missed.queued + missed.buffer) / slotsPerWorker));
  const workers = Math.max(own + kept, nodes === undefined ? 0 : Math.min(hoped, nodes.asked));
  return { supply, workers, queued, buffer, wanted, kept, atMaximum: wanted === max };
}

/** The arithmetic behind a size, as a sentence. */
export function explainSize(size: GroupSize): string {
  const { supply, queued, buffer, wanted, kept, workers } = size;
  const { min, max, lost, drained = 0, slotsPerWorker, sessions, blocked = 0 } = supply;
  const own = needed(size);
  const slots = occupied(supply) + queued + buffer;
  const load = blocked === 0 ? "" : ` + ${blocked} blocked by load`;
  const clauses = [
    `${sessions} sessions${load} + ${queued} queued + ${buffer} warm = ${slots} slots / ${slotsPerWorker} per worker = ${own}`,
  ];
  if (own < min) clauses.push(`at least min ${min}`);
  if (lost > 0) clauses.push(`plus ${lost} to replace lost workers`);
  if (drained > 0) clauses.push(`plus ${drained} to replace drained workers`);
  if (unusable(supply) + Math.max(min, own) > max) clauses.push(`at most max ${max}`);
  if (wanted > workers) clauses.push(`but ${wanted} are required: no node for the others now`);
  else if (kept > 0) clauses.push(`plus ${kept} kept until the workers of earlier groups have nodes`);
  else if (workers > Math.max(own, wanted)) clauses.push(`plus ${workers - Math.max(own, wanted)} in case a node is found`);
  return clauses.join(", ");
}
