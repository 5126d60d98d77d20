import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";
import type { PodView } from "./views.ts";

/** How long a worker without a session may be released. Afterwards it is queried again. */
const EMPTY_FOR_MS = 2_000;
/** How long a session counts that no gateway reports: its end is not reported either. */
const BUSY_FOR_MS = 5_000;
/** Limit on concurrent queries to workers of one group. */
const AT_ONCE = 32;
/** Workers respond within milliseconds. A reconcile does not wait for one that hangs, because its pool may need to grow. */
const PATIENCE_MS = 50;

/** Recent responses of victims. */
export interface Verdicts {
  /** UIDs of workers that had a session, or did not respond. */
  readonly busy: ReadonlySet<string>;
  /** When the first of them is queried again. */
  readonly untilMs: number | undefined;
}

export const noVerdicts: Verdicts = { busy: new Set(), untilMs: undefined };

interface Verdict {
  readonly empty: boolean;
  readonly atMs: number;
}

export interface VictimVerifierOptions {
  /** False if the worker has sessions, or does not respond. Never rejects. */
  readonly isEmpty: (worker: PodView) => Promise<boolean>;
  /** Requests a reconcile of the pool. */
  readonly enqueue: (key: string) => void;
  readonly clock: Clock;
}

/**
 * Verifies victims of a scale-down: queries each worker for its sessions before its release. A session that a victim reports
 * counts in the next plan.
 */
export class VictimVerifier {
  readonly #options: VictimVerifierOptions;
  /** By pool, by UID. */
  readonly #verdicts = new Map<string, Map<string, Verdict>>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: VictimVerifierOptions) {
    this.#options = options;
  }

  verdicts(key: string): Verdicts {
    const nowMs = this.#options.clock.now();
    const busy = [...(this.#verdicts.get(key) ?? [])].filter(([, verdict]) => !verdict.empty && isFresh(verdict, nowMs));
    if (busy.length === 0) return noVerdicts;
    const untilMs = Math.min(...busy.map(([, { atMs }]) => atMs + BUSY_FOR_MS));
    return { busy: new Set(busy.map(([uid]) => uid)), untilMs };
  }

  /**
   * Whether all these workers of a group are empty. If not, none of the group may be released now, and the pool is reconciled
   * again with their responses.
   */
  async verify(key: string, group: string, victims: readonly PodView[]): Promise<boolean> {
    if (this.#areEmpty(key, victims)) return true;
    const id = `${key}/${group}`;
    const running = this.#running.get(id) ?? this.#start(key, id, victims);
    const patience = new AbortController();
    await Promise.race([running, sleep(this.#options.clock, PATIENCE_MS, patience.signal)]);
    patience.abort();
    if (this.#areEmpty(key, victims)) return true;
    void running.then(() => this.#options.enqueue(key));
    return false;
  }

  forget(key: string): void {
    this.#verdicts.delete(key);
  }

  #areEmpty(key: string, victims: readonly PodView[]): boolean {
    const nowMs = this.#options.clock.now();
    const known = this.#verdicts.get(key);
    return victims.every(({ uid }) => {
      const verdict = known?.get(uid);
      return verdict?.empty === true && isFresh(verdict, nowMs);
    });
  }

  #start(key: string, id: string, victims: readonly PodView[]): Promise<void> {
    this.#verdicts.set(key, this.#verdicts.get(key) ?? new Map());
    const running = this.#query(key, victims).finally(() => this.#running.delete(id));
    this.#running.set(id, running);
    return running;
  }

  /** All verdicts of a group have the same age, whatever the number of rounds of queries. */
  async #query(key: string, victims: readonly PodView[]): Promise<void> {
    const { isEmpty, clock } = this.#options;
    const answers: [uid: string, empty: boolean][] = [];
    const rest = victims.values();
    const query = async () => {
      for (const pod of rest) answers.push([pod.uid, await isEmpty(pod)]);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, victims.length) }, query));
    const atMs = clock.now();
    const known = this.#verdicts.get(key);
    // The pool was deleted in the meantime.
    if (known === undefined) return;
    const fresh = [...known].filter(([, verdict]) => isFresh(verdict, atMs));
    this.#verdicts.set(key, new Map([...fresh, ...answers.map(([uid, empty]) => [uid, { empty, atMs }] as const)]));
  }
}

function isFresh({ empty, atMs }: Verdict, nowMs: number): boolean {
  return nowMs - atMs < (empty ? EMPTY_FOR_MS : BUSY_FOR_MS);
}
