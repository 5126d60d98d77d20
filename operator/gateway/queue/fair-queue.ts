import type { QueuedLaunch } from "./queued-launch.ts";

/** The queued launches of one client. */
interface Flow<Slot> {
  readonly client: string;
  /** By preset; each list by `order`, lowest first. */
  readonly wants: Map<string, QueuedLaunch<Slot>[]>;
  size: number;
  /** The virtual start time of the flow's next launch. */
  startTag: number;
}

/**
 * Queued launches in one flow per client. The flow with the lowest start tag is next. Every grant raises the flow's start tag by
 * one. A new flow starts at the current virtual time, so a client gains nothing by staying away (start-time fair queueing:
 * P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queueing", IEEE/ACM Transactions on Networking, 1997).
 */
export class FairQueue<Slot> {
  readonly #flows = new Map<string, Flow<Slot>>();
  /** Start tags of clients whose flow is empty; cleared when the queue is empty. */
  readonly #idleTags = new Map<string, number>();
  #virtualTime = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *all(): Iterable<QueuedLaunch<Slot>> {
    for (const { wants } of this.#flows.values()) for (const launches of wants.values()) yield* launches;
  }

  add(launch: QueuedLaunch<Slot>): void {
    const flow = this.#flows.get(launch.client) ?? this.#newFlow(launch.client);
    const launches = flow.wants.get(launch.want) ?? [];
    const position = launches.findLastIndex(({ order }) => order < launch.order) + 1;
    launches.splice(position, 0, launch);
    flow.wants.set(launch.want, launches);
    flow.size += 1;
    this.#size += 1;
    if (launch.again) flow.startTag -= 1;
  }

  /** Does nothing if the launch was removed before. */
  remove(launch: QueuedLaunch<Slot>): void {
    const flow = this.#flows.get(launch.client);
    const launches = flow?.wants.get(launch.want);
    const position = launches?.indexOf(launch) ?? -1;
    if (flow === undefined || launches === undefined || position < 0) return;
    launches.splice(position, 1);
    if (launches.length === 0) flow.wants.delete(launch.want);
    flow.size -= 1;
    this.#size -= 1;
    if (flow.size > 0) return;
    this.#flows.delete(launch.client);
    this.#idleTags.set(launch.client, flow.startTag);
    if (this.#flows.size === 0) this.#idleTags.clear();
  }

  /** The next launch, without those whose `want` is in `unmet`. */
  next(unmet: ReadonlySet<string>): QueuedLaunch<Slot> | undefined {
    let best: { readonly startTag: number; readonly launch: QueuedLaunch<Slot> } | undefined;
    for (const flow of this.#flows.values()) {
      const launch = firstOf(flow, unmet);
      if (launch === undefined) continue;
      const { startTag } = flow;
      if (best === undefined || startTag < best.startTag || (startTag === best.startTag && launch.order < best.launch.order)) {
        best = { startTag, launch };
      }
    }
    return best?.launch;
  }

  /** Charges a grant to the client's flow. */
  served({ client }: QueuedLaunch<Slot>): void {
    const flow = this.#flows.get(client);
    if (flow === undefined) return;
    this.#virtualTime = Math.max(this.#virtualTime, flow.startTag);
    flow.startTag += 1;
  }

  /** The newest launch of the longest flow, if that has at least two more launches than this client's. Skips launches queued again. */
  newestOfLongest(client: string): QueuedLaunch<Slot> | undefined {
    let longest: Flow<Slot> | undefined;
    for (const flow of this.#flows.values()) if (longest === undefined || flow.size > longest.size) longest = flow;
    if (longest === undefined || longest.size < (this.#flows.get(client)?.size ?? 0) + 2) return undefined;
    return [...longest.wants.values()]
      .map((launches) => launches.findLast(({ again }) => !again))
      .reduce((a, b) => ((a?.order ?? 0) > (b?.order ?? 0) ? a : b));
  }

  #newFlow(client: string): Flow<Slot> {
    const startTag = Math.max(this.#virtualTime, this.#idleTags.get(client) ?? 0);
    const flow: Flow<Slot> = { client, wants: new Map(), size: 0, startTag };
    this.#flows.set(client, flow);
    return flow;
  }
}

function firstOf<Slot>(flow: Flow<Slot>, unmet: ReadonlySet<string>): QueuedLaunch<Slot> | undefined {
  let first: QueuedLaunch<Slot> | undefined;
  for (const [want, [launch]] of flow.wants) {
    if (launch !== undefined && !unmet.has(want) && (first === undefined || launch.order < first.order)) first = launch;
  }
  return first;
}
