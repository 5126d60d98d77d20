import type { FleetRow } from "../../api/console.ts";
import type { ObjectKey } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { forbidden } from "../access/viewers.ts";
import { ConsoleFailure } from "../failure.ts";
import type { EventSink } from "./event-sink.ts";
import { fleetEvent, otherEvent, type PoolChanges, poolEvent } from "./events.ts";
import type { Added, FanOut, Subscriber } from "./fan-out.ts";
import type { Rights } from "./rights.ts";

/** Interval of the checks whether the viewer still has its rights. */
const RECHECK_MS = 30_000;
/** Failed checks in a row after which the stream ends. */
const MAX_FAILED_CHECKS = 2;

export interface ViewerStreamOptions {
  /** Pools with details. */
  readonly pools: readonly ObjectKey[];
  readonly rights: Rights;
  /**
   * Evaluates the viewer's rights now, on these pools and on those with details.
   * @throws ConsoleFailure if the token is no longer valid, or if the API server is unavailable.
   */
  readonly evaluate: (fleet: Iterable<ObjectKey>) => Promise<Rights>;
  readonly fanOut: FanOut;
  readonly sink: EventSink;
  readonly clock: Clock;
}

/** Sends one viewer the events of the fan-out, for the pools that the viewer may get, until the sink closes. */
export class ViewerStream implements Subscriber {
  readonly pools: readonly ObjectKey[];
  readonly #options: ViewerStreamOptions;
  readonly #unsubscribe: () => void;
  #rights: Rights;
  #recheck: { cancel(): void };
  #failedChecks = 0;
  #refreshing = false;
  /** One evaluation follows the other. */
  #turn: Promise<void> = Promise.resolve();

  /** Sends the complete state at once. */
  constructor(options: ViewerStreamOptions) {
    const { pools, rights, fanOut, sink } = options;
    this.#options = options;
    this.pools = pools;
    this.#rights = rights;
    this.#unsubscribe = fanOut.subscribe(this);
    sink.write(fleetEvent(true, this.#rows(fanOut.fleet), []));
    for (const pool of pools) this.#sendComplete(pool);
    this.#recheck = this.#scheduleRecheck();
    void this.#refresh();
  }

  stop(): void {
    this.#unsubscribe();
    this.#recheck.cancel();
  }

  onFleet(rows: ReadonlyMap<ObjectKey, FleetRow>, removed: readonly ObjectKey[]): void {
    const { visible } = this.#rights;
    const seen = removed.filter((key) => visible.has(key));
    this.#sendFleet(this.#rows(rows), seen);
    void this.#refresh();
  }

  onPool(pool: ObjectKey, changes: PoolChanges | undefined): void {
    const may = this.#rights.may.get(pool);
    if (may === undefined) return;
    this.#options.sink.write(changes === undefined ? missing(pool) : poolEvent(pool, changes, may));
  }

  onHistory(pool: ObjectKey, { decisions, sample }: Added): void {
    if (!this.#rights.may.has(pool)) return;
    const { sink } = this.#options;
    if (decisions.length > 0) sink.write(otherEvent({ type: "decisions", pool, decisions }));
    if (sample !== undefined) sink.write(otherEvent({ type: "sample", pool, sample }));
  }

  #scheduleRecheck(): { cancel(): void } {
    return this.#options.clock.schedule(RECHECK_MS, () => void this.#check());
  }

  /** A short failure of the API server does not end the stream. */
  async #check(): Promise<void> {
    const { sink } = this.#options;
    try {
      await this.#evaluate();
      this.#failedChecks = 0;
    } catch (error) {
      this.#failedChecks += 1;
      const passing = error instanceof ConsoleFailure && error.passing;
      if (!passing || this.#failedChecks >= MAX_FAILED_CHECKS) sink.end();
    }
    if (!sink.ended) this.#recheck = this.#scheduleRecheck();
  }

  /** Evaluates the rights on new pools. After a failure, the next check does. */
  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    let failed = false;
    while (!failed && this.#hasNewPools())
      await this.#evaluate().catch(() => {
        failed = true;
      });
    this.#refreshing = false;
  }

  #hasNewPools(): boolean {
    const { fanOut, sink } = this.#options;
    return !sink.ended && [...fanOut.fleet.keys()].some((key) => !this.#rights.evaluated.has(key));
  }

  #evaluate(): Promise<void> {
    const evaluated = this.#turn.then(async () => {
      const before = this.#rights;
      this.#rights = await this.#options.evaluate(this.#options.fanOut.fleet.keys());
      this.#sendChangeOfRights(before);
    });
    this.#turn = evaluated.catch(() => {});
    return evaluated;
  }

  #sendChangeOfRights(before: Rights): void {
    const { fleet } = this.#options.fanOut;
    const { visible, may } = this.#rights;
    const shown = [...visible].flatMap((key) => (before.visible.has(key) ? [] : (fleet.get(key) ?? [])));
    const hidden = [...before.visible].filter((key) => !visible.has(key) && fleet.has(key));
    this.#sendFleet(shown, hidden);
    for (const pool of this.pools) {
      const [earlier, now] = [before.may.get(pool), may.get(pool)];
      if (earlier?.launch !== now?.launch || earlier?.stopSessions !== now?.stopSessions) this.#sendComplete(pool);
    }
  }

  #sendFleet(rows: readonly FleetRow[], removed: readonly ObjectKey[]): void {
    if (rows.length > 0 || removed.length > 0) this.#options.sink.write(fleetEvent(false, rows, removed));
  }

  #sendComplete(pool: ObjectKey): void {
    const { fanOut, sink } = this.#options;
    const { user, may } = this.#rights;
    const rights = may.get(pool);
    const changes = fanOut.complete(pool);
    if (rights === undefined) sink.write(otherEvent({ type: "gone", pool, message: forbidden(user, "view", pool) }));
    else sink.write(changes === undefined ? missing(pool) : poolEvent(pool, changes, rights));
  }

  #rows(rows: ReadonlyMap<ObjectKey, FleetRow>): readonly FleetRow[] {
    return [...rows].flatMap(([key, row]) => (this.#rights.visible.has(key) ? [row] : []));
  }
}

function missing(pool: ObjectKey): string {
  return otherEvent({ type: "gone", pool, message: `pool ${pool} does not exist: select another one` });
}
