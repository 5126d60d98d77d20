/**
 * `loaded`: every preset of the worker's group is loaded. `warm`: the pipeline has been exercised, and an image is still to be
 * encoded. `cold`: neither. `served/NAME`: a session of that preset ran there; such a worker is in `warm` or `cold` as well.
 */
export type EndpointClass = "loaded" | "warm" | "cold" | `served/${string}`;

/** A worker that can take a launch now, with the facts that the picker orders it by. */
export interface Endpoint<Worker> {
  readonly worker: Worker;
  readonly uid: string;
  readonly name: string;
  readonly group: string;
  /** Whether the worker is in this gateway's share. */
  readonly own: boolean;
  readonly free: number;
  /** Orders workers outside the share. Each gateway has other weights, so that gateways that spill over pick different workers. */
  readonly weight: number;
  readonly classes: readonly EndpointClass[];
}

/** The endpoints of one pool, sorted in the order of picking by group and class. */
export class EndpointIndex<Worker extends { readonly uid: string }> {
  readonly #lists = new Map<string, Endpoint<Worker>[]>();
  readonly #byUid = new Map<string, Endpoint<Worker>>();

  ofClass(group: string, name: EndpointClass): readonly Endpoint<Worker>[] {
    return this.#lists.get(`${group}/${name}`) ?? [];
  }

  /**
   * Takes over the worker's endpoint; call it after every change of the worker. Takes O(log n) comparisons and one array insert.
   * @param endpoint undefined while the worker can take no launch.
   */
  put({ uid }: Worker, endpoint: Endpoint<Worker> | undefined): void {
    const before = this.#byUid.get(uid);
    if (before !== undefined && endpoint !== undefined && isSame(before, endpoint)) return;
    if (before !== undefined) this.#remove(before);
    if (endpoint !== undefined) this.#insert(endpoint);
  }

  #insert(endpoint: Endpoint<Worker>): void {
    this.#byUid.set(endpoint.uid, endpoint);
    for (const name of endpoint.classes) {
      const key = `${endpoint.group}/${name}`;
      const list = this.#lists.get(key) ?? [];
      list.splice(positionOf(list, endpoint), 0, endpoint);
      this.#lists.set(key, list);
    }
  }

  #remove(endpoint: Endpoint<Worker>): void {
    this.#byUid.delete(endpoint.uid);
    for (const name of endpoint.classes) {
      const key = `${endpoint.group}/${name}`;
      const list = this.#lists.get(key) ?? [];
      list.splice(positionOf(list, endpoint), 1);
      if (list.length === 0) this.#lists.delete(key);
    }
  }
}

/** Position of an endpoint in a sorted list, or the position to insert it at. */
function positionOf(list: readonly Endpoint<unknown>[], endpoint: Endpoint<unknown>): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = list[middle];
    if (at !== undefined && compareEndpoints(at, endpoint) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Orders endpoints of a class: own workers, then the fewest free slots (bin packing), then the weight; 0 only for one worker. */
export function compareEndpoints(a: Endpoint<unknown>, b: Endpoint<unknown>): number {
  if (a.own !== b.own) return a.own ? -1 : 1;
  if (a.free !== b.free) return a.free - b.free;
  if (!a.own && a.weight !== b.weight) return b.weight - a.weight;
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.uid < b.uid ? -1 : Number(a.uid > b.uid);
}

function isSame(a: Endpoint<unknown>, b: Endpoint<unknown>): boolean {
  return (
    a.free === b.free &&
    a.own === b.own &&
    a.weight === b.weight &&
    a.group === b.group &&
    a.name === b.name &&
    a.classes.length === b.classes.length &&
    a.classes.every((name, at) => name === b.classes[at])
  );
}
