import { comparePlaces, type Place, type ShelfName, type Shelving } from "./pick.ts";

/** What a worker says of its place: undefined while it can take no launch. */
export interface Standing {
  readonly name: string;
  readonly group: string;
  readonly own: boolean;
  readonly free: number;
  readonly weight: number;
  readonly shelves: readonly ShelfName[];
}

interface Shelved<Worker> {
  readonly standing: Standing;
  readonly place: Place<Worker>;
}

/** The workers of one pool that can take a launch, kept in the order in which they are picked. */
export class Shelves<Worker extends { readonly uid: string }> implements Shelving<Worker> {
  readonly #shelves = new Map<string, Place<Worker>[]>();
  readonly #known = new Map<string, Shelved<Worker>>();

  shelf(group: string, shelf: ShelfName): readonly Place<Worker>[] {
    return this.#shelves.get(`${group}/${shelf}`) ?? [];
  }

  /** Puts a worker where it belongs now; to be called after every change of its standing. Costs O(log n), and a small move. */
  put(worker: Worker, standing: Standing | undefined): void {
    const { uid } = worker;
    const before = this.#known.get(uid);
    if (before === undefined && standing === undefined) return;
    if (before !== undefined && standing !== undefined && isSame(before.standing, standing)) return;
    if (before !== undefined) this.#takeOff(before);
    if (standing === undefined) {
      this.#known.delete(uid);
      return;
    }
    const { name, own, free, weight } = standing;
    const shelved = { standing, place: { worker, uid, name, own, free, weight } };
    this.#known.set(uid, shelved);
    for (const shelf of standing.shelves) {
      const key = `${standing.group}/${shelf}`;
      const places = this.#shelves.get(key) ?? [];
      places.splice(positionOf(places, shelved.place), 0, shelved.place);
      this.#shelves.set(key, places);
    }
  }

  #takeOff({ standing, place }: Shelved<Worker>): void {
    for (const shelf of standing.shelves) {
      const key = `${standing.group}/${shelf}`;
      const places = this.#shelves.get(key) ?? [];
      places.splice(positionOf(places, place), 1);
      if (places.length === 0) this.#shelves.delete(key);
    }
  }
}

/** Where a place is, or would be put. */
function positionOf(places: readonly Place<unknown>[], place: Place<unknown>): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = places[middle];
    if (at !== undefined && comparePlaces(at, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSame(a: Standing, b: Standing): boolean {
  return (
    a.free === b.free &&
    a.own === b.own &&
    a.weight === b.weight &&
    a.group === b.group &&
    a.name === b.name &&
    a.shelves.length === b.shelves.length &&
    a.shelves.every((shelf, at) => shelf === b.shelves[at])
  );
}
