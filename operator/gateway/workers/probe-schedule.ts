/** How closely a worker is watched. */
export type Cadence =
  /** It cannot be used yet, or refused a launch: the next answer may change that. */
  | "starting"
  /** It is busy, and launches wait for a slot. */
  | "awaited"
  /** Sessions run there: their end frees a slot, its death must be told. */
  | "busy"
  /** Idle, in this gateway's share. */
  | "idle"
  /** Idle, in another gateway's share. */
  | "foreign";

interface ProbeRate {
  /** Time between two probes of a worker. */
  readonly intervalMs: number;
  /** Probes of all workers of this kind together, at most: with more workers each of them is asked more seldom. */
  readonly perSecond: number;
}

/**
 * An idle worker need not be watched: launches sent to it are known, its pod's end is seen by the watch, and a launch that
 * finds it dead or full goes on to the next at once. All probeRates together keep a gateway below a fifth of a core.
 */
const probeRates: Readonly<Record<Cadence, ProbeRate>> = {
  starting: { intervalMs: 250, perSecond: 400 },
  awaited: { intervalMs: 250, perSecond: 400 },
  busy: { intervalMs: 1_000, perSecond: 400 },
  idle: { intervalMs: 10_000, perSecond: 150 },
  foreign: { intervalMs: 20_000, perSecond: 100 },
};

/** Share of the interval that is random, so that probes of many workers spread. */
const JITTER = 0.2;

/**
 * Time until a worker's next probe in ms: its kind's interval, or count / perSecond where that is longer.
 * @param count workers of this kind.
 * @param random uniform in [0, 1).
 */
export function probeDelayMs(cadence: Cadence, count: number, random: number): number {
  const { intervalMs, perSecond } = probeRates[cadence];
  return Math.max(intervalMs, (count / perSecond) * 1_000) * (1 - JITTER / 2 + JITTER * random);
}

/** So many workers that appear at once are asked at once. */
const FIRST_AT_ONCE = 50;

/**
 * Time until a new worker's first probe in ms: none, unless many start at once, such as when a gateway starts; then one after
 * the other.
 * @param starting workers that cannot be used yet.
 */
export function firstDelayMs(starting: number): number {
  return (Math.max(0, starting - FIRST_AT_ONCE) / probeRates.starting.perSecond) * 1_000;
}

/** What decides how closely a worker is watched. */
export interface Watched {
  readonly usable: boolean;
  readonly own: boolean;
  readonly busy: boolean;
  readonly doubtful: boolean;
}

/** @param awaited whether launches wait in the worker's pool. */
export function cadenceOf({ usable, own, busy, doubtful }: Watched, awaited: boolean): Cadence {
  if (!usable || doubtful) return "starting";
  if (busy) return awaited ? "awaited" : "busy";
  return own ? "idle" : "foreign";
}
