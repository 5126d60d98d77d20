/** Why there is no worker: the nearest that any came to serving. */
export type NoPick = "no-workers" | "none-usable" | "all-cordoned" | "all-tried" | "all-full";

export interface Wanted {
  /** Names of the groups that serve the preset, in the order in which they are filled. */
  readonly groups: readonly string[];
  /** `undefined` stands for a face image that is no preset. */
  readonly preset: string | undefined;
  /** UIDs of workers that this launch was tried on already. */
  readonly tried: ReadonlySet<string>;
}

/** A worker that can take a launch now, and what its place among others depends on. */
export interface Place<Worker> {
  readonly worker: Worker;
  readonly uid: string;
  readonly name: string;
  /** Whether it is in this gateway's share. */
  readonly own: boolean;
  readonly free: number;
  /** This gateway's liking for workers outside its share: gateways that spill at the same time go different ways. */
  readonly weight: number;
}

/** The workers of a group that can take a launch now, the first to be filled first, by what they have loaded. */
export interface Shelving<Worker> {
  shelf(group: string, shelf: ShelfName): readonly Place<Worker>[];
}

/**
 * `loaded`: has every preset of its group loaded. `warm`: its pipeline has been exercised, and any image is yet to be encoded.
 * `cold`: neither. `served/NAME`: a session of that preset ran there; such a worker is on `warm` or `cold` as well.
 */
export type ShelfName = "loaded" | "warm" | "cold" | `served/${string}`;

export interface Pick<Worker> {
  readonly worker: Worker;
  /** Whether it needs no start of its own: it was warmed up, or has served the preset before. */
  readonly warm: boolean;
}

/**
 * Chooses the worker for a launch: one with the preset loaded before one that is merely warm before a cold one; then the
 * earlier group; then one of the gateway's own share, so that gateways do not compete for a slot; then the fullest, so that
 * other workers stay empty and can go.
 * Looks at the head of a few shelves, whatever the number of workers.
 */
export function pick<Worker>(shelves: Shelving<Worker>, { groups, preset, tried }: Wanted): Pick<Worker> | undefined {
  for (const { names, warm } of tiersFor(preset)) {
    for (const group of groups) {
      const best = names
        .map((name) => shelves.shelf(group, name).find(({ uid }) => !tried.has(uid)))
        .reduce((a, b) => (a === undefined || (b !== undefined && comparePlaces(b, a) < 0) ? b : a));
      if (best !== undefined) return { worker: best.worker, warm };
    }
  }
  return undefined;
}

interface Tier {
  readonly names: readonly ShelfName[];
  readonly warm: boolean;
}

function tiersFor(preset: string | undefined): readonly Tier[] {
  if (preset === undefined) return imageTiers;
  return [{ names: ["loaded", `served/${preset}`], warm: true }, { names: ["warm"], warm: true }, coldTier];
}

const coldTier: Tier = { names: ["cold"], warm: false };
const imageTiers: readonly Tier[] = [{ names: ["loaded", "warm"], warm: true }, coldTier];

/** Orders the places of a shelf; 0 only for the same worker. */
export function comparePlaces(a: Place<unknown>, b: Place<unknown>): number {
  if (a.own !== b.own) return a.own ? -1 : 1;
  if (a.free !== b.free) return a.free - b.free;
  if (!a.own && a.weight !== b.weight) return b.weight - a.weight;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.uid < b.uid ? -1 : Number(a.uid > b.uid);
}

/** What tells why a worker cannot take a launch. */
export interface Candidate {
  readonly uid: string;
  readonly group: string;
  /** Its last probe was good, and no failure since then speaks against it. */
  readonly usable: boolean;
  readonly cordoned: boolean;
  readonly terminating: boolean;
}

/** Why {@link pick} found none among these workers. Looks at each of them: for sentences, not for every launch. */
export function whyNone(workers: Iterable<Candidate>, wanted: Wanted): NoPick {
  let reason: NoPick = "no-workers";
  for (const worker of workers) {
    if (!wanted.groups.includes(worker.group)) continue;
    const against = objection(worker, wanted);
    if (nearness[against] > nearness[reason]) reason = against;
  }
  return reason;
}

const nearness: Readonly<Record<NoPick, number>> = {
  "no-workers": 0,
  "none-usable": 1,
  "all-cordoned": 2,
  "all-tried": 3,
  "all-full": 4,
};

function objection(worker: Candidate, wanted: Wanted): NoPick {
  if (!worker.usable) return "none-usable";
  if (worker.cordoned || worker.terminating) return "all-cordoned";
  if (wanted.tried.has(worker.uid)) return "all-tried";
  return "all-full";
}
