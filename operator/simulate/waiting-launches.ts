export interface WaitingLaunch {
  readonly arrivedS: number;
  readonly durationS: number;
}

/** Taken entries are removed in bulk: removing each would make a long queue slow. */
const TAKEN_KEPT = 1_000;

/** Launches that wait for a slot, in the order of their arrival. */
export class WaitingLaunches {
  readonly #launches: WaitingLaunch[] = [];
  #head = 0;

  get length(): number {
    return this.#launches.length - this.#head;
  }

  get first(): WaitingLaunch | undefined {
    return this.#launches[this.#head];
  }

  add(launch: WaitingLaunch): void {
    this.#launches.push(launch);
  }

  take(): WaitingLaunch | undefined {
    const launch = this.#launches[this.#head];
    if (launch !== undefined) this.#head++;
    if (this.#head > TAKEN_KEPT) {
      this.#launches.splice(0, this.#head);
      this.#head = 0;
    }
    return launch;
  }
}
