/** What happened to a call, as its caller and its viewer saw it. Times are in ms since 1970. */
export interface CallRecord {
  readonly room: string;
  readonly launchedMs: number;
  /** Why the launch failed for good: the client has given up. */
  failure?: string;
  /** Name of the worker's pod, as far as known. */
  pod?: string;
  /** First frame of the avatar. */
  shownMs?: number;
  /** The avatar left, or its picture stood still, before the caller hung up. */
  lostMs?: number;
  /** When the caller hung up, or gave up. */
  endedMs?: number;
  /** Two workers had a session for the call in two looks in a row. */
  doubled?: boolean;
}

/** A worker that the soak itself killed, with everything on it. */
export interface Kill {
  readonly pod: string;
  readonly atMs: number;
}

/** A time in which proxies still forwarded to a machine that was lost. */
export interface CutOff {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the soak did. */
export interface Damage {
  readonly kills: readonly Kill[];
  readonly cutOffs: readonly CutOff[];
}

/** Resident memory of the largest process of a role, in MiB. */
export interface MemorySample {
  readonly atMs: number;
  readonly mebibytes: Readonly<Record<string, number>>;
}

export interface Rest {
  readonly slots: number;
  readonly freeSlots: number;
  readonly sessions: number;
}

export interface Figures {
  readonly calls: number;
  readonly callsEndedByUs: number;
  readonly callsEndedByFaults: number;
  readonly launchesLost: number;
  /** No attempt of the client reached a gateway, because proxies still forwarded to a machine that was lost. */
  readonly launchesCutOff: number;
  readonly avatarsDoubled: number;
  readonly slotsLeaked: number;
  /** Median of the second and of the last quarter of the time, in MiB, by role. */
  readonly memory: Readonly<Record<string, readonly [number, number]>>;
  /** From the launch to the first frame, in ms. */
  readonly startup: { readonly p50: number; readonly p95: number };
}

/** Garbage collection moves the memory of a process by so much. */
const FLAT_RATIO = 1.25;
const FLAT_MIB = 16;

/** @returns the figures of a soak, and a sentence for each broken promise. */
export function verdict(
  calls: readonly CallRecord[],
  { kills, cutOffs }: Damage,
  memory: readonly MemorySample[],
  rest: Rest,
): { readonly figures: Figures; readonly broken: readonly string[] } {
  const begun = calls.filter((call) => call.failure !== undefined && kills.some((kill) => isKilledAtStart(kill, call)));
  const notBegun = calls.filter((call) => call.failure !== undefined && !begun.includes(call));
  const failed = notBegun.filter((call) => !cutOffs.some((cutOff) => isCutOff(cutOff, call)));
  const lost = calls.filter(({ lostMs }) => lostMs !== undefined);
  const byUs = lost.filter((call) => !kills.some((kill) => ended(kill, call)));
  const doubled = calls.filter((call) => call.doubled);
  const leaked = rest.slots - rest.freeSlots;
  const roles = [...new Set(memory.flatMap(({ mebibytes }) => Object.keys(mebibytes)))];
  const growth = Object.fromEntries(roles.map((role) => [role, quarters(memory, role)]));
  const grown = Object.entries(growth).filter(([, [early, late]]) => late > early * FLAT_RATIO + FLAT_MIB);
  const startups = calls.flatMap(({ launchedMs, shownMs }) => (shownMs === undefined ? [] : shownMs - launchedMs));
  return {
    figures: {
      calls: calls.length,
      callsEndedByUs: byUs.length,
      callsEndedByFaults: lost.length - byUs.length + begun.length,
      launchesLost: failed.length,
      launchesCutOff: notBegun.length - failed.length,
      avatarsDoubled: doubled.length,
      slotsLeaked: leaked,
      memory: growth,
      startup: { p50: Math.round(quantile(startups, 0.5)), p95: Math.round(quantile(startups, 0.95)) },
    },
    broken: [
      ...byUs.map(
        ({ room, pod, lostMs }) => `${at(lostMs)} the call in ${room} ended although nothing had killed ${pod ?? "its worker"}`,
      ),
      ...failed.map(({ room, launchedMs, failure }) => `${at(launchedMs)} the launch in ${room} failed: ${failure}`),
      ...doubled.map(({ room, launchedMs }) => `${at(launchedMs)} two workers had a session in ${room}`),
      ...(leaked === 0 && rest.sessions === 0
        ? []
        : [`at rest, ${rest.freeSlots} of ${rest.slots} slots are free and ${rest.sessions} sessions are left`]),
      ...grown.map(([role, [early, late]]) => `the memory of the ${role} grew from ${early} to ${late} MiB`),
    ],
  };
}

/**
 * A killed worker's participant stays in the room until the media server misses it. A worker that was killed right after the launch
 * is unknown.
 */
function ended(kill: Kill, { pod = kill.pod, launchedMs, lostMs = 0 }: CallRecord): boolean {
  return kill.pod === pod && launchedMs <= kill.atMs && kill.atMs <= lostMs;
}

/** A worker accepted the launch, and no frame came: it was killed before. */
function isKilledAtStart({ atMs }: Kill, { failure = "", launchedMs, endedMs = launchedMs }: CallRecord): boolean {
  return failure.startsWith("TimeoutError") && launchedMs <= atMs && atMs <= endedMs;
}

/** The failure of a launch whose caller gave up. */
export const NO_RESPONSE = "no response to the launch";
/** The client's own words for each attempt that got no connection, or no response before it gave up. */
const NO_CONNECTION = new RegExp(`Cannot connect|Connection timeout|${NO_RESPONSE}`);

function isCutOff({ fromMs, toMs }: CutOff, { launchedMs, endedMs = launchedMs, failure = "" }: CallRecord): boolean {
  return NO_CONNECTION.test(failure) && !failure.includes("status_code") && launchedMs <= toMs && endedMs >= fromMs;
}

function quarters(samples: readonly MemorySample[], role: string): readonly [number, number] {
  const first = samples[0]?.atMs ?? 0;
  const quarter = ((samples.at(-1)?.atMs ?? 0) - first) / 4;
  const between = (from: number, to: number) =>
    samples.flatMap(({ atMs, mebibytes }) => {
      const passed = (atMs - first) / quarter;
      return passed >= from && passed <= to ? (mebibytes[role] ?? []) : [];
    });
  return [Math.round(quantile(between(1, 2), 0.5)), Math.round(quantile(between(3, 4), 0.5))];
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

function at(ms = 0): string {
  return new Date(ms).toISOString().slice(11, 19);
}
