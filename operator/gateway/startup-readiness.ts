import type { Clock } from "../runtime/clock.ts";

/** How long a gateway that has its lists waits for the first answers of its workers: of 10,000 it has asked 4,000 by then. */
const LIMIT_MS = 10_000;

export interface StartupReadinessDeps {
  readonly clock: Clock;
  /** Whether pools and workers were listed in full once. */
  readonly synced: () => boolean;
  /** Known workers whose first probe has not ended. */
  readonly unprobed: () => number;
}

/**
 * Whether a gateway that has just started knows enough to take launches. Without a first look at its workers it would make the
 * first launches wait, or refuse them, while slots are free. Once it knows enough it stays so.
 */
export class StartupReadiness {
  readonly #deps: StartupReadinessDeps;
  #syncedMs: number | undefined;
  #done = false;

  constructor(deps: StartupReadinessDeps) {
    this.#deps = deps;
  }

  /** Why launches must not come yet; undefined if they may. */
  notReadyReason(): string | undefined {
    if (this.#done) return undefined;
    const { clock, synced, unprobed } = this.#deps;
    if (!synced()) return "waiting for the first full lists";
    this.#syncedMs ??= clock.now();
    const workers = unprobed();
    if (workers > 0 && clock.now() - this.#syncedMs < LIMIT_MS) return `waiting for the first probe of ${workers} workers`;
    this.#done = true;
    return undefined;
  }
}
