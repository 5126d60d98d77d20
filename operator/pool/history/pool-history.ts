import type { HistorySample } from "../../api/console.ts";
import { percentile } from "../../scaling/percentile.ts";
import { type Counters, type Levels, merged, noCounts, type SampleValues } from "./sample.ts";
import { SampleRing } from "./sample-ring.ts";

const STEP_MS = 5_000;
/** 15 minutes. */
const STEPS = 180;
const MINUTE_MS = 60_000;
/** 6 hours. */
const MINUTES = 360;
/** How far a history goes back. */
export const HISTORY_MS = MINUTES * MINUTE_MS;
const MOST_STEPS = HISTORY_MS / STEP_MS;
/** Beyond this number of pools, a further pool has a sample per five minutes only. */
const FINE_POOLS = 500;
const COARSE_MS = 5 * MINUTE_MS;
const COARSE_STEPS = 72;
/** Start-up times of one step that its percentile counts. */
const MAX_STARTUPS = 256;

/** What a reconcile notes. */
export interface Noted {
  readonly levels: Levels;
  /** Since the operator became the leader. */
  readonly totals: Counters;
  /** Start-up times in ms since the last note. */
  readonly startupsMs: readonly number[];
}

interface OpenStep {
  readonly step: number;
  values: SampleValues;
  readonly startupsMs: number[];
}

/**
 * The last hours of a pool: every 5 s for 15 minutes, every minute for 6 hours. A reconcile notes what it saw; between two
 * reconciles the levels stay, so the history needs no timer. A step can be read when it has ended.
 */
export class PoolHistory {
  readonly #rings: readonly SampleRing[];
  #open: OpenStep | undefined;
  /** As of the last note: they stay until the next one. */
  #levels: Levels | undefined;
  #totals: Counters | undefined;
  /** When the last note was made. */
  notedMs = 0;

  /** @param pools number of pools that have a history already. */
  constructor(pools = 0) {
    this.#rings =
      pools < FINE_POOLS
        ? [new SampleRing(STEP_MS, STEPS), new SampleRing(MINUTE_MS, MINUTES)]
        : [new SampleRing(COARSE_MS, COARSE_STEPS)];
  }

  get bytes(): number {
    return this.#rings.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  note(nowMs: number, { levels, totals, startupsMs }: Noted): void {
    // The totals at the first note cover an unobserved time.
    const values = { ...levels, ...since(totals, this.#totals ?? totals) };
    this.close(nowMs);
    this.#levels = levels;
    this.#totals = totals;
    this.notedMs = nowMs;
    const step = Math.floor(nowMs / STEP_MS);
    if (this.#open?.step === step) this.#open.values = merged(this.#open.values, values);
    else this.#open = { step, values, startupsMs: [] };
    this.#open.startupsMs.push(...startupsMs.slice(0, MAX_STARTUPS - this.#open.startupsMs.length));
  }

  /** Ends the steps before this time: they can be read. */
  close(nowMs: number): void {
    const now = Math.floor(nowMs / STEP_MS);
    const open = this.#open;
    if (open === undefined || open.step >= now || this.#levels === undefined) return;
    const ascending = open.startupsMs.toSorted((a, b) => a - b);
    this.#add(open.step, { ...open.values, ...(ascending.length > 0 && { startupP95Ms: percentile(ascending, 0.95) }) });
    const held = { ...this.#levels, ...noCounts };
    for (let step = Math.max(open.step + 1, now - MOST_STEPS); step < now; step++) this.#add(step, held);
    this.#open = { step: now, values: held, startupsMs: [] };
  }

  /** The samples of this time, as fine as they exist for all of it. */
  between(fromMs: number, toMs: number, nowMs: number): { readonly stepMs: number; readonly samples: readonly HistorySample[] } {
    this.close(nowMs);
    const [fine, coarse] = this.#rings;
    const ring = coarse === undefined || fromMs >= nowMs - STEPS * STEP_MS ? fine : coarse;
    return { stepMs: ring?.stepMs ?? STEP_MS, samples: ring?.between(fromMs, toMs) ?? [] };
  }

  #add(step: number, values: SampleValues): void {
    for (const ring of this.#rings) ring.add(step * STEP_MS, values);
  }
}

/** A counter that decreased has restarted from zero. */
function since(now: Counters, before: Counters): Counters {
  const of = (field: keyof Counters) => (now[field] >= before[field] ? now[field] - before[field] : now[field]);
  return { launches: of("launches"), worker503: of("worker503"), refused: of("refused"), waited: of("waited") };
}
