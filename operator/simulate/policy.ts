/** The workers of one group, as far as scaling is concerned. */
export interface FleetShape {
  /** Sessions that one worker serves at a time. */
  readonly slotsPerWorker: number;
  /** From a worker's creation until its slots are warm. It is paid for all that time. */
  readonly timeToWarmS: number;
  readonly min: number;
  readonly max: number;
}

/** What a policy sees when it is asked. The object is reused: it holds for the call only. */
export interface FleetView {
  readonly nowS: number;
  /** Sessions on workers that stay. */
  readonly sessions: number;
  /** Sessions on workers that get no more launches and go when these have ended. */
  readonly drainingSessions: number;
  readonly queued: number;
  /** Workers that stay, the starting ones among them. */
  readonly workers: number;
  readonly warmWorkers: number;
  /** Workers that get no more launches and go when their sessions have ended. */
  readonly drainingWorkers: number;
  /** Warm workers that stay and have at least one session. */
  readonly busyWorkers: number;
  /** Launches that arrived since the start of the trace. */
  readonly arrived: number;
  /** Of those, launches that found no warm slot. */
  readonly cold: number;
  /** Launches that were refused since the start of the trace. */
  readonly refused: number;
  /** Sessions that began since the start of the trace. */
  readonly started: number;
}

export interface Policy {
  readonly name: string;
  /** Asked every so many seconds. */
  readonly syncS: number;
  /**
   * How far back it looks: when nothing has changed for so long, its answer stays the same until something does, and it is
   * not asked. At least `syncS`; without this it is asked every time.
   */
  readonly memoryS?: number;
  /** Asked also after every arrival, departure and refusal, and when a worker is warm: its operator sees these at once. */
  readonly eventDriven: boolean;
  /**
   * Whom a smaller size takes. `blind`: whom the ReplicaSet controller takes, whatever runs on it. `empty`: only workers
   * without sessions, at once. `drained`: workers with the fewest sessions get no more launches and go when they are empty;
   * they serve again when the size grows before that.
   */
  readonly removes: "blind" | "empty" | "drained";
  /** Workers wanted. The fleet keeps it within min and max. */
  decide(view: FleetView): number;
}
