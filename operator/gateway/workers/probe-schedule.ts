/** How often a worker is probed. */
export type Cadence =
  /** The worker cannot be used yet, or refused a launch: the next probe may change that. */
  | "starting"
  /** The worker is busy, and launches wait for a slot. */
  | "awaited"
  /** Sessions run on the worker or may begin unseen: their end frees a slot, and its death must be reported. */
  | "busy"
  /** The worker is idle and in this gateway's share. */
  | "idle"
  /** The worker is idle and in another gateway's share. */
  | "foreign";

interface ProbeRate {
  readonly intervalMs: number;
  /** Limit on the probes of all workers of this cadence together. With more workers, each is probed less often. */
  readonly perSecond: number;
}

/**
 * Idle workers need few probes: this gateway counts the launches that it sends, the watch reports the end of a pod, and a launch
 * that reaches a dead or full worker is sent to the next one at once. All rates together keep a gateway below a fifth of a core.
 */
const probeRates: Readonly<Record<Cadence, ProbeRate>> = {
  starting: { intervalMs: 250, perSecond: 400 },
  awaited: { intervalMs: 250, perSecond: 400 },
  busy: { intervalMs: 1_000, perSecond: 400 },
  idle: { intervalMs: 10_000, perSecond: 150 },
  foreign: { intervalMs: 20_000, perSecond: 100 },
};

/** Random part of the interval. It spreads the probes of many workers. */
const JITTER = 0.2;

/**
 * Time until a worker's next probe in ms: max(interval, count / perSecond), with jitter.
 * @param count workers of this cadence.
 * @param random uniform in [0, 1).
 */
export function probeDelayMs(cadence: Cadence, count: number, random: number): number {
  const { intervalMs, perSecond } = probeRates[cadence];
  return Math.max(intervalMs, (count / perSecond) * 1_000) * (1 - JITTER / 2 + JITTER * random);
}

/** Number of new workers that are probed without delay. */
const FIRST_AT_ONCE = 50;

/**
 * Time until a new worker's first probe in ms. It is 0 unless many workers appear together, for example when a gateway starts.
 * Then the probes follow one another at the rate for starting workers.
 * @param starting number of workers that cannot be used yet.
 */
export function firstDelayMs(starting: number): number {
  return (Math.max(0, starting - FIRST_AT_ONCE) / probeRates.starting.perSecond) * 1_000;
}

export interface CadenceInputs {
  readonly usable: boolean;
  readonly own: boolean;
  readonly busy: boolean;
  /** LiveKit dispatches jobs to the worker: only its own report shows a new session. */
  readonly dispatched: boolean;
  /** The worker refused a launch since the last count of its sessions. */
  readonly refused: boolean;
}

/** @param awaited whether launches wait in the worker's pool. */
export function cadenceOf({ usable, own, busy, dispatched, refused }: CadenceInputs, awaited: boolean): Cadence {
  if (!usable || refused) return "starting";
  if (busy) return awaited ? "awaited" : "busy";
  if (dispatched && own) return "busy";
  return own ? "idle" : "foreign";
}
