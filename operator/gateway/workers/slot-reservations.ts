/** Launches that one gateway has on their way to one worker: it encodes an image for each, and more only slow each other. */
const MAX_IN_FLIGHT = 8;

/**
 * The slots of one worker as this gateway sees them: the worker's own count of its sessions, plus the launches that this
 * gateway sent there and that the count cannot include yet.
 *
 * Guarantees: a reservation ends exactly once; a settled one is dropped by the first count that was *asked for* after it
 * was settled. Meanwhile a count that rises is taken to include the launches of this gateway first, so each is counted once;
 * while another gateway's session begins in the same moment one may be missed, and the worker's 503 then says so. Where sessions
 * end in that moment one may be counted twice until the next probe. `free` is never negative.
 */
export class SlotReservations {
  #sessions = 0;
  readonly #expectedSlots: () => number;
  readonly #onChange: () => void;
  #reportedSlots: number | undefined;
  #open = 0;
  /** Moments at which launches were confirmed whose sessions no count is known to include. */
  #confirmed: number[] = [];
  /** Launches not settled whose sessions the count seems to include already; never more than there are of either. */
  #included = 0;
  /** A logical clock: orders confirmations and probes without trusting time. */
  #moment = 0;
  #countedAt = 0;
  #fullAt = 0;

  /**
   * @param expectedSlots what the group says, for workers that report no number of their own.
   * @param onChange called after every change.
   */
  constructor(expectedSlots: () => number, onChange: () => void = () => {}) {
    this.#expectedSlots = expectedSlots;
    this.#onChange = onChange;
  }

  /** Sessions that the worker reported last. */
  get sessions(): number {
    return this.#sessions;
  }

  get slots(): number {
    return this.#reportedSlots ?? this.#expectedSlots();
  }

  /** Launches on their way to the worker, or not yet in its count, as far as can be told. */
  get reserved(): number {
    return this.#unsettled - this.#included;
  }

  get free(): number {
    if (this.#fullAt > 0) return 0;
    return Math.max(0, this.slots - this.#sessions - this.reserved);
  }

  /** Launches that may be sent now: free slots, within the limit of launches under way. */
  get room(): number {
    return Math.min(this.free, MAX_IN_FLIGHT - this.#open);
  }

  /** Launches on their way to the worker. */
  get underWay(): number {
    return this.#open;
  }

  /** Whether it refused a launch, and no count has come since. */
  get doubtful(): boolean {
    return this.#fullAt > 0;
  }

  /** Takes a free slot; undefined when there is none, or when as many launches are under way as may. */
  reserve(): SlotReservation | undefined {
    return this.room <= 0 ? undefined : this.#reserve();
  }

  /** Takes the slot of a session that is about to be ended, so that nobody else gets it; undefined when too many are under way. */
  reserveNext(): SlotReservation | undefined {
    return this.#open >= MAX_IN_FLIGHT ? undefined : this.#reserve();
  }

  #reserve(): SlotReservation {
    this.#open += 1;
    this.#onChange();
    let open = true;
    const end = (): boolean => {
      const wasOpen = open;
      open = false;
      if (wasOpen) this.#open -= 1;
      return wasOpen;
    };
    return {
      release: () => {
        if (!end()) return;
        this.#include(this.#included);
        this.#onChange();
      },
      confirm: () => {
        if (!end()) return;
        this.#confirmed.push(this.#tick());
        this.#onChange();
      },
    };
  }

  /** The worker refused a launch for want of a slot: none is free until a probe that begins later says otherwise. */
  markFull(): void {
    this.#fullAt = this.#tick();
    this.#onChange();
  }

  /** Call when a probe is sent, and hand the moment to {@link count} with its answer. */
  probeBegins(): number {
    return this.#tick();
  }

  /** Takes over the worker's own count. An answer that was overtaken by a later one is ignored. */
  count(askedAt: number, report: { readonly sessions: number; readonly slots: number | undefined }): void {
    if (askedAt <= this.#countedAt) return;
    this.#countedAt = askedAt;
    const risen = report.sessions - this.#sessions;
    const still = this.#confirmed.filter((confirmedAt) => confirmedAt > askedAt);
    const settled = this.#confirmed.length - still.length;
    this.#sessions = report.sessions;
    this.#reportedSlots = report.slots;
    this.#confirmed = still;
    this.#include(this.#included + risen - settled);
    if (this.#fullAt <= askedAt) this.#fullAt = 0;
    this.#onChange();
  }

  get #unsettled(): number {
    return this.#open + this.#confirmed.length;
  }

  #include(count: number): void {
    this.#included = Math.max(0, Math.min(count, this.#unsettled, this.#sessions));
  }

  #tick(): number {
    this.#moment += 1;
    return this.#moment;
  }
}

/** A slot that is kept for one launch. The first call decides; later ones do nothing. */
export interface SlotReservation {
  /** No session came of it: the slot is free again. */
  release(): void;
  /** A session runs there, or may: the slot stays taken until the worker's own count speaks. */
  confirm(): void;
}
