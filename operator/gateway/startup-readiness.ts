import type { Clock } from "../runtime/clock.ts";

/** Longest wait for the first probes after the full lists. Of 10,000 workers, 4,000 are probed by then. */
const LIMIT_MS = 10_000;

export interface StartupReadinessDeps {
  readonly clock: Clock;
  readonly synced: () => boolean;
  readonly unprobed: () => number;
}

/**
 * Whether a gateway that has just started can take launches. Before the first probes of its workers it would queue or refuse
 * launches while slots are free. Once ready, it stays ready.
 */
export class StartupReadiness {
  readonly #deps: StartupReadinessDeps;
  #syncedMs: number | undefined;
  #done = false;

  constructor(deps: StartupReadinessDeps) {
    this.#deps = deps;
  }

  /** Why the gateway is not ready; undefined if it is. */
  notReadyReason(): string | undefined {
    if (this.#done) return undefined;
    const { clock, synced, unprobed } = this.#deps;
    if (!synced()) return "waiting for the initial lists of pools and workers";
    this.#syncedMs ??= clock.now();
    const workers = unprobed();
    if (workers > 0 && clock.now() - this.#syncedMs < LIMIT_MS) return `waiting for the first probe of ${workers} workers`;
    this.#done = true;
    return undefined;
  }
}
