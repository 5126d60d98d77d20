/** What picking needs to know of a worker. Read only. */
export interface Candidate {
  /** Name of its pod. */
  readonly name: string;
  readonly uid: string;
  readonly group: string;
  /** Its last probe was good, and no failure since then speaks against it. */
  readonly usable: boolean;
  readonly cordoned: boolean;
  readonly terminating: boolean;
  readonly free: number;
  /** Whether it has the preset loaded; `undefined` stands for a face image that is no preset. */
  hasLoaded(preset: string | undefined): boolean;
}

export interface Wanted {
  /** Names of the groups that serve the preset, in the order in which they are filled. */
  readonly groups: readonly string[];
  readonly preset: string | undefined;
  /** UIDs of workers that this launch was tried on already. */
  readonly tried: ReadonlySet<string>;
}

/** Why there is no worker: the nearest that any came to serving. */
export type NoPick = "no-workers" | "none-usable" | "all-cordoned" | "all-tried" | "all-full";

export type Pick<Worker extends Candidate = Candidate> =
  | { readonly worker: Worker; readonly loaded: boolean }
  | { readonly worker: undefined; readonly reason: NoPick };

/**
 * Chooses the worker for a launch, in one pass: of those that can take it, one with the preset loaded before one without;
 * then the earlier group; then the fullest, so that other workers stay empty and can go; then the first by name, so that
 * all gateways agree.
 */
export function pick<Worker extends Candidate>(workers: Iterable<Worker>, wanted: Wanted): Pick<Worker> {
  let best: Ranked<Worker> | undefined;
  let reason: NoPick = "no-workers";
  for (const worker of workers) {
    const group = wanted.groups.indexOf(worker.group);
    if (group < 0) continue;
    const against = objection(worker, wanted);
    if (against !== undefined) {
      if (nearness[against] > nearness[reason]) reason = against;
      continue;
    }
    const ranked = { worker, group, loaded: worker.hasLoaded(wanted.preset) };
    if (best === undefined || precedes(ranked, best)) best = ranked;
  }
  return best === undefined ? { worker: undefined, reason } : { worker: best.worker, loaded: best.loaded };
}

const nearness: Readonly<Record<NoPick, number>> = {
  "no-workers": 0,
  "none-usable": 1,
  "all-cordoned": 2,
  "all-tried": 3,
  "all-full": 4,
};

function objection(worker: Candidate, wanted: Wanted): NoPick | undefined {
  if (!worker.usable) return "none-usable";
  if (worker.cordoned || worker.terminating) return "all-cordoned";
  if (wanted.tried.has(worker.uid)) return "all-tried";
  if (worker.free <= 0) return "all-full";
  return undefined;
}

interface Ranked<Worker> {
  readonly worker: Worker;
  readonly group: number;
  readonly loaded: boolean;
}

function precedes(a: Ranked<Candidate>, b: Ranked<Candidate>): boolean {
  if (a.loaded !== b.loaded) return a.loaded;
  if (a.group !== b.group) return a.group < b.group;
  if (a.worker.free !== b.worker.free) return a.worker.free < b.worker.free;
  return a.worker.name < b.worker.name;
}
