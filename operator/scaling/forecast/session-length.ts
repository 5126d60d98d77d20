/** Prior: this number of sessions of the expected length, so the first real sessions do not dominate. */
const PRIOR_SESSIONS = 5;
const EXPECTED_S = 300;
const MEMORY_S = 6 * 3_600;

/**
 * The mean length of a session by Little's law: session-seconds divided by ended sessions (Little, "A proof for the queuing
 * formula L = λW", 1961). It needs counts only, so no session is tracked.
 */
export class SessionLength {
  #sessionSeconds = 0;
  #ended = 0;
  #atS: number | undefined;
  #sessions = 0;

  constructor(saved?: SavedLength) {
    if (saved === undefined) return;
    this.#sessionSeconds = saved.sessionSeconds;
    this.#ended = saved.ended;
  }

  /** @param started sessions that began since the last call. */
  add(started: number, sessions: number, nowS: number): void {
    const passedS = Math.max(0, nowS - (this.#atS ?? nowS));
    const kept = Math.exp(-passedS / MEMORY_S);
    this.#sessionSeconds = this.#sessionSeconds * kept + passedS * this.#sessions;
    this.#ended = Math.max(0, this.#ended * kept + started - (sessions - this.#sessions));
    this.#atS = nowS;
    this.#sessions = sessions;
  }

  get meanS(): number {
    return (this.#sessionSeconds + PRIOR_SESSIONS * EXPECTED_S) / (this.#ended + PRIOR_SESSIONS);
  }

  save(): SavedLength {
    return { sessionSeconds: Math.round(this.#sessionSeconds), ended: Math.round(this.#ended * 10) / 10 };
  }
}

export interface SavedLength {
  readonly sessionSeconds: number;
  readonly ended: number;
}
