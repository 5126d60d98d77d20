/** Launches that one gateway sends to one worker at once. A worker encodes an image for each, and more slow each other down. */
const MAX_IN_FLIGHT = 8;

/**
 * The slots of one worker as this gateway sees them: the sessions that the worker counts, plus the reservations of this gateway
 * that the count cannot include yet.
 *
 * Guarantees: a reservation ends exactly once. The first count that was *requested* after a reservation was settled drops the
 * reservation. Until then, a count that rises is assumed to include this gateway's launches first, so each launch counts once.
 * If another gateway's session starts at the same moment, one session may be missed; the worker's 503 corrects that. If a
 * session ends at the same moment, one session may count twice until the next probe. `free` is never negative.
 */
export class SlotReservations {
  #sessions = 0;
  readonly #expectedSlots: () => number;
  readonly #onChange: () => void;
  #reportedSlots: number | undefined;
  #open = 0;
  /** Logical times of confirmed launches whose sessions no count is known to include. */
  #confirmed: number[] = [];
  /** Unsettled launches that the count seems to include already; never more than the unsettled launches or the sessions. */
  #included = 0;
  /** A logical clock: it orders confirmations and probes without the wall clock. */
  #moment = 0;
  #countedAt = 0;
  #fullAt = 0;

  /**
   * @param expectedSlots slots by the group's spec, for workers that report no number.
   * @param onChange called after every change.
   */
  constructor(expectedSlots: () => number, onChange: () => void = () => {}) {
    this.#expectedSlots = expectedSlots;
    this.#onChange = onChange;
  }

  /** Sessions by the worker's last report. */
  get sessions(): number {
    return this.#sessions;
  }

  get slots(): number {
    return this.#reportedSlots ?? this.#expectedSlots();
  }

  /** Launches in flight, and served launches that the worker's count probably does not include yet. */
  get reserved(): number {
    return this.#unsettled - this.#included;
  }

  get free(): number {
    if (this.#fullAt > 0) return 0;
    return Math.max(0, this.slots - this.#sessions - this.reserved);
  }

  /** Launches that may be sent now: free slots, within the limit of launches in flight. */
  get sendable(): number {
    return Math.min(this.free, MAX_IN_FLIGHT - this.#open);
  }

  /** Launches that the worker has not answered yet. */
  get inFlight(): number {
    return this.#open;
  }

  /** Whether the worker refused a launch after its last count. */
  get refused(): boolean {
    return this.#fullAt > 0;
  }

  /** Reserves a free slot; undefined if there is none, or if the limit of launches in flight is reached. */
  reserve(): SlotReservation | undefined {
    return this.sendable <= 0 ? undefined : this.#reserve();
  }

  /** Reserves the slot of a session that is about to end, before other launches can; undefined at the limit in flight. */
  reserveOccupied(): SlotReservation | undefined {
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

  /** The worker refused a launch because it is full: no slot is free until a probe that starts later reports one. */
  markFull(): void {
    this.#fullAt = this.#tick();
    this.#onChange();
  }

  /** Call when a probe is sent. @returns the logical time to pass to {@link count} with the answer. */
  probeStarts(): number {
    return this.#tick();
  }

  /** Takes over the worker's count. Ignores an answer that is older than the last one. */
  count(startedAt: number, report: { readonly sessions: number; readonly slots: number | undefined }): void {
    if (startedAt <= this.#countedAt) return;
    this.#countedAt = startedAt;
    const risen = report.sessions - this.#sessions;
    const still = this.#confirmed.filter((confirmedAt) => confirmedAt > startedAt);
    const settled = this.#confirmed.length - still.length;
    this.#sessions = report.sessions;
    this.#reportedSlots = report.slots;
    this.#confirmed = still;
    this.#include(this.#included + risen - settled);
    if (this.#fullAt <= startedAt) this.#fullAt = 0;
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

/** A slot that is reserved for one launch. The first call settles it; later calls do nothing. */
export interface SlotReservation {
  /** No session started: the slot is free again. */
  release(): void;
  /** A session runs, or may run: the slot stays taken until the worker's count includes it. */
  confirm(): void;
}
