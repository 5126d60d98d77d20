/**
 * How many workers each group of a pool should have. Pure arithmetic over slots; the same function serves the
 * controller, the simulator and whoever wants to know why.
 */

/** Stands for launches that bring a face image of their own, wherever demand is told by preset. */
export const CUSTOM_AVATAR = "";

export interface GroupSupply {
  readonly name: string;
  /** Presets that its workers load, and {@link CUSTOM_AVATAR} where they take any face image. */
  readonly serves: ReadonlySet<string>;
  readonly slotsPerWorker: number;
  readonly min: number;
  readonly max: number;
  /** Sessions that run on its workers now. They cannot move. */
  readonly sessions: number;
}

export interface Demand {
  /** Every preset of the pool. */
  readonly presets: readonly string[];
  /** Slots to keep free for every preset. */
  readonly warmSlots: number;
  /** Launches that wait now, by preset. */
  readonly queued: ReadonlyMap<string, number>;
  /** Launches that lately met short capacity and may come again, by preset. */
  readonly pressure: ReadonlyMap<string, number>;
}

export interface GroupSize {
  readonly supply: GroupSupply;
  /** Between min and max. */
  readonly workers: number;
  readonly queued: number;
  /** Free slots asked of this group, for the warm buffer and pressure. */
  readonly buffer: number;
  readonly atMaximum: boolean;
}

export interface Sizing {
  readonly groups: readonly GroupSize[];
  /** Slots, by preset, that no group may grow far enough to provide. */
  readonly unmet: ReadonlyMap<string, number>;
}

interface Tally {
  readonly supply: GroupSupply;
  queued: number;
  buffer: number;
}

/**
 * Sizes every group: workers = ceil((sessions + queued + buffer) / slots per worker), within min and max.
 *
 * Queued launches go to the first group, in the pool's order, that serves their preset and can still grow. Then each
 * preset is given free slots until it finds `warmSlots + pressure` of them; a free slot counts for every preset that its
 * group serves, and slots that exist anyway (from `min` or from rounding up to whole workers) are used before new ones.
 */
export function sizeGroups(groups: readonly GroupSupply[], demand: Demand): Sizing {
  const tallies: Tally[] = groups.map((supply) => ({ supply, queued: 0, buffer: 0 }));
  const unmet = new Map<string, number>();

  for (const [preset, count] of demand.queued) {
    const rest = place(tallies, preset, count, (tally, slots) => {
      tally.queued += slots;
    });
    if (rest > 0) unmet.set(preset, rest);
  }

  const kinds = new Set([...demand.presets, ...demand.pressure.keys()]);
  for (const preset of kinds) {
    const warm = preset === CUSTOM_AVATAR ? 0 : demand.warmSlots;
    const missing = warm + (demand.pressure.get(preset) ?? 0) - freeSlots(tallies, preset);
    if (missing <= 0) continue;
    const rest = place(tallies, preset, missing, (tally, slots) => {
      tally.buffer = free(tally) + slots;
    });
    if (rest > 0) unmet.set(preset, (unmet.get(preset) ?? 0) + rest);
  }

  return { groups: tallies.map(sizeOf), unmet };
}

/** Puts slots on the groups that serve the preset, in order, as far as each may grow. Returns what found no place. */
function place(tallies: readonly Tally[], preset: string, slots: number, put: (tally: Tally, slots: number) => void): number {
  let rest = slots;
  for (const tally of tallies) {
    if (rest <= 0) break;
    if (!tally.supply.serves.has(preset)) continue;
    const { supply } = tally;
    const room = supply.max * supply.slotsPerWorker - supply.sessions - tally.queued - free(tally);
    const here = Math.min(rest, Math.max(0, room));
    if (here > 0) put(tally, here);
    rest -= here;
  }
  return rest;
}

function freeSlots(tallies: readonly Tally[], preset: string): number {
  return tallies.reduce((sum, tally) => sum + (tally.supply.serves.has(preset) ? free(tally) : 0), 0);
}

/** Slots that stay free on a group once its sessions and its queued launches have theirs. */
function free(tally: Tally): number {
  const { supply } = tally;
  return Math.max(0, workersOf(tally) * supply.slotsPerWorker - supply.sessions - tally.queued);
}

function workersOf({ supply, queued, buffer }: Tally): number {
  const needed = Math.ceil((supply.sessions + queued + buffer) / supply.slotsPerWorker);
  return Math.min(supply.max, Math.max(supply.min, needed));
}

function sizeOf(tally: Tally): GroupSize {
  const { supply, queued, buffer } = tally;
  const workers = workersOf(tally);
  return { supply, workers, queued, buffer, atMaximum: workers === supply.max };
}

/** The arithmetic behind a size, as a person would write it down. */
export function explainSize({ supply, queued, buffer }: GroupSize): string {
  const slots = supply.sessions + queued + buffer;
  const needed = Math.ceil(slots / supply.slotsPerWorker);
  const sum = `${supply.sessions} sessions + ${queued} queued + ${buffer} warm = ${slots} slots`;
  const division = `/ ${supply.slotsPerWorker} per worker = ${needed}`;
  if (needed < supply.min) return `${sum} ${division}, at least min ${supply.min}`;
  if (needed > supply.max) return `${sum} ${division}, at most max ${supply.max}`;
  return `${sum} ${division}`;
}
