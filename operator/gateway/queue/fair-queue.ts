import type { Entry } from "./waiting.ts";

interface Lane<Slot> {
  readonly client: string;
  /** By what they want; each list by `order`, lowest first. */
  readonly wants: Map<string, Entry<Slot>[]>;
  size: number;
  /** The turn in which its next launch is served. */
  turn: number;
}

/**
 * Waiting launches in one lane a client, of which the one with the lowest turn comes next. Every grant costs a lane one turn; a
 * new one begins at the turn that is being served, so that nobody saves up turns by staying away (start-time fair queueing:
 * P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queueing", IEEE/ACM Transactions on Networking, 1997).
 */
export class Lanes<Slot> {
  readonly #lanes = new Map<string, Lane<Slot>>();
  /** Turns that clients without a lane have used already; forgotten when nobody waits. */
  readonly #used = new Map<string, number>();
  #turn = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *all(): Iterable<Entry<Slot>> {
    for (const { wants } of this.#lanes.values()) for (const entries of wants.values()) yield* entries;
  }

  add(entry: Entry<Slot>): void {
    const lane = this.#lanes.get(entry.client) ?? this.#newLane(entry.client);
    const entries = lane.wants.get(entry.want) ?? [];
    const later = entries.findLastIndex(({ order }) => order < entry.order) + 1;
    entries.splice(later, 0, entry);
    lane.wants.set(entry.want, entries);
    lane.size += 1;
    this.#size += 1;
    if (entry.again) lane.turn -= 1;
  }

  /** Does nothing when it was removed before. */
  remove(entry: Entry<Slot>): void {
    const lane = this.#lanes.get(entry.client);
    const entries = lane?.wants.get(entry.want);
    const at = entries?.indexOf(entry) ?? -1;
    if (lane === undefined || entries === undefined || at < 0) return;
    entries.splice(at, 1);
    if (entries.length === 0) lane.wants.delete(entry.want);
    lane.size -= 1;
    this.#size -= 1;
    if (lane.size > 0) return;
    this.#lanes.delete(entry.client);
    this.#used.set(entry.client, lane.turn);
    if (this.#lanes.size === 0) this.#used.clear();
  }

  /** Whose turn it is among those that want something else than these. */
  next(unmet: ReadonlySet<string>): Entry<Slot> | undefined {
    let best: { readonly turn: number; readonly entry: Entry<Slot> } | undefined;
    for (const lane of this.#lanes.values()) {
      const entry = firstOf(lane, unmet);
      if (entry === undefined) continue;
      if (best === undefined || lane.turn < best.turn || (lane.turn === best.turn && entry.order < best.entry.order)) {
        best = { turn: lane.turn, entry };
      }
    }
    return best?.entry;
  }

  /** It was given a slot: the turn of its lane is over. */
  served({ client }: Entry<Slot>): void {
    const lane = this.#lanes.get(client);
    if (lane === undefined) return;
    this.#turn = Math.max(this.#turn, lane.turn);
    lane.turn += 1;
  }

  /** The newest launch of the client with most, if that has at least two more than this client. Launches that returned stay. */
  newestOfLongest(client: string): Entry<Slot> | undefined {
    let longest: Lane<Slot> | undefined;
    for (const lane of this.#lanes.values()) if (longest === undefined || lane.size > longest.size) longest = lane;
    if (longest === undefined || longest.size < (this.#lanes.get(client)?.size ?? 0) + 2) return undefined;
    return [...longest.wants.values()]
      .map((entries) => entries.findLast(({ again }) => !again))
      .reduce((a, b) => ((a?.order ?? 0) > (b?.order ?? 0) ? a : b));
  }

  #newLane(client: string): Lane<Slot> {
    const turn = Math.max(this.#turn, this.#used.get(client) ?? 0);
    const lane: Lane<Slot> = { client, wants: new Map(), size: 0, turn };
    this.#lanes.set(client, lane);
    return lane;
  }
}

function firstOf<Slot>(lane: Lane<Slot>, unmet: ReadonlySet<string>): Entry<Slot> | undefined {
  let first: Entry<Slot> | undefined;
  for (const [want, [entry]] of lane.wants) {
    if (entry !== undefined && !unmet.has(want) && (first === undefined || entry.order < first.order)) first = entry;
  }
  return first;
}
