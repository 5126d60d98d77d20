import {
  type AccountErrorKind,
  accountErrorKinds,
  type LoadReport,
  type PoolLoad,
  type Reclaimed,
  type Usage,
} from "../../api/load-report.ts";
import { poolKey } from "../../api/pool-config.ts";
import { addDeficit, type Deficit, deficitAt, deficitFallsAtMs, noDeficit } from "../../scaling/deficit.ts";
import { addForSum, emptyWindow, sum } from "../../scaling/window.ts";
import { mergeCounts, mergeWorkers, type WorkerLoadView } from "./merge-loads.ts";
import { type OverflowLoad, overflowLoad } from "./overflow-load.ts";
import { addReclaimed, noneReclaimed } from "./reclaimed.ts";

/** Period of the pressure in the status. */
const SHORT_SPAN_MS = 60_000;
/** An account error expires after this time. */
const ACCOUNT_ERROR_SPAN_MS = 300_000;
/** Start-up times are kept for this time, up to this number. */
const STARTUP_SPAN_MS = 600_000;
const STARTUPS_KEPT = 500;
/** A disconnected gateway may still send launches. After this time its watch has shown it every cordon. */
const SILENT_GATEWAY_MS = 60_000;
/** Gateway processes whose last usage of a pool is kept, newest last. */
const MAX_SOURCES = 100;

/** The load of one pool over all gateways. */
export interface PoolLoadView {
  readonly gatewaysConnected: number;
  /** Whether a gateway disconnected recently: it may send launches that it does not report. */
  readonly gatewaySilent: boolean;
  readonly queued: ReadonlyMap<string, number>;
  /** Running sessions that the present gateways launched, by preset. */
  readonly sessions: ReadonlyMap<string, number>;
  /** By preset: slots that launches lacked because they were refused or met a worker's 503. Halves every minute. */
  readonly deficit: ReadonlyMap<string, number>;
  /** Launches of the last minute that met short capacity in any way. */
  readonly pressurePerMinute: number;
  /** When `deficit` falls by its next slot. */
  readonly deficitFallsAtMs: number | undefined;
  /** Recent errors of the maker's account, with the Unix time in ms at which each expires. */
  readonly accountErrors: ReadonlyMap<AccountErrorKind, number>;
  readonly overflow: OverflowLoad;
  /** Since this operator started. */
  readonly reclaimed: Reclaimed;
  /** By gateway process, also of those that have ended: its usage since it started. */
  readonly usage: ReadonlyMap<string, Usage>;
  /** Names of Secrets that gateways need but have no permission to read. */
  readonly forbiddenSecrets: ReadonlySet<string>;
  /** Recent start-up times in ms, ascending. */
  readonly startupsMs: readonly number[];
  /** Launches since this operator started, by preset. */
  readonly launches: ReadonlyMap<string, LaunchCounts>;
  /** Recent start-up times of launches that did not wait, by UID of the worker's pod. */
  readonly startupsByWorker: ReadonlyMap<string, readonly number[]>;
  readonly workers: ReadonlyMap<string, WorkerLoadView>;
  /** Unix time in ms of the first shortage that no decision has answered yet. */
  readonly shortSinceMs: number | undefined;
}

export type LaunchCounts = PoolLoad["launches"][string];

type ShortageCounts = PoolLoad["shortages"][string];

const noShortages: ShortageCounts = { worker503: 0, waited: 0, refused: 0 };

/** What gateways counted of a pool. */
export interface Tally {
  /** Since this operator started. */
  readonly shortages: ShortageCounts;
  /** Start-up times in ms that were reported later than a moment. */
  readonly startupsMs: readonly number[];
}

interface GatewayEntry {
  connected: boolean;
  /** When its stream was lost, or when the gateway was added. */
  silentSinceMs: number;
  gateway: string | undefined;
  readonly pools: Map<string, PoolLoad>;
}

/** Recent history of a pool. */
class PoolHistory {
  short = emptyWindow;
  shortages = noShortages;
  readonly deficit = new Map<string, Deficit>();
  readonly launches = new Map<string, LaunchCounts>();
  readonly usage = new Map<string, Usage>();
  reclaimed = noneReclaimed;
  /** Unix time in ms of the last error. */
  readonly accountErrors = new Map<AccountErrorKind, number>();
  startups: { atMs: number; valueMs: number }[] = [];
  workerStartups: { atMs: number; uid: string; startupMs: number }[] = [];
  shortSinceMs: number | undefined;
}

/** Merges the load reports of all gateways. Keeps the latest report of each; I/O is elsewhere. */
export class LoadHub {
  readonly #gateways = new Map<string, GatewayEntry>();
  readonly #pools = new Map<string, PoolHistory>();

  /** Sets the addresses of the present gateways. Reports of others are removed. */
  setGateways(addresses: readonly string[], nowMs: number): void {
    for (const address of this.#gateways.keys()) if (!addresses.includes(address)) this.#gateways.delete(address);
    for (const address of addresses)
      if (!this.#gateways.has(address))
        this.#gateways.set(address, { connected: false, silentSinceMs: nowMs, gateway: undefined, pools: new Map() });
  }

  get connected(): number {
    return [...this.#gateways.values()].filter((gateway) => gateway.connected).length;
  }

  disconnected(address: string, nowMs: number): void {
    const entry = this.#gateways.get(address);
    if (entry === undefined || !entry.connected) return;
    entry.connected = false;
    entry.silentSinceMs = nowMs;
  }

  /** Adds one line of a gateway's stream. @returns the keys of the pools that it changes. */
  accept(address: string, report: LoadReport, nowMs: number): readonly string[] {
    const entry = this.#gateways.get(address);
    if (entry === undefined) return [];
    const first = !entry.connected || entry.gateway !== report.gateway;
    entry.connected = true;
    entry.gateway = report.gateway;
    const changed = new Set(report.pools.map(poolKey));
    if (report.full) {
      for (const key of entry.pools.keys()) if (!changed.has(key)) entry.pools.delete(key);
      for (const key of this.#pools.keys()) changed.add(key);
    }
    for (const reported of report.pools) {
      const key = poolKey(reported);
      const before = entry.pools.get(key);
      const load = { ...reported, workers: reported.workers ?? before?.workers ?? [] };
      // The counters in the first line of a stream cover an unobserved time: they are only the base for later ones.
      this.#remember(key, first ? load : before, load, nowMs);
      if (load.usage !== undefined) this.#rememberUsage(key, report.gateway, load.usage);
      entry.pools.set(key, load);
    }
    return [...changed];
  }

  #remember(key: string, before: PoolLoad | undefined, now: PoolLoad, nowMs: number): void {
    const memory = this.#memory(key);
    let short = 0;
    for (const [preset, counts] of Object.entries(now.shortages)) {
      const added = shortagesSince(before?.shortages[preset] ?? noShortages, counts);
      memory.shortages = addShortages(memory.shortages, added);
      // Waiting launches are in the queue already. A refused one is retried later, and a 503 shows load of other clients.
      const raising = added.refused + added.worker503;
      short += raising + added.waited;
      const deficit = addDeficit(memory.deficit.get(preset) ?? noDeficit, raising, nowMs);
      if (deficitAt(deficit, nowMs) === 0) memory.deficit.delete(preset);
      else memory.deficit.set(preset, deficit);
    }
    addLaunches(memory.launches, before?.launches ?? {}, now.launches);
    memory.reclaimed = addReclaimed(memory.reclaimed, now.reclaimed, before?.reclaimed);
    memory.short = addForSum(memory.short, nowMs, short, SHORT_SPAN_MS);
    for (const kind of accountErrorKinds) {
      const lastMs = now.accountErrors?.[kind]?.lastMs;
      if (lastMs !== undefined)
        memory.accountErrors.set(kind, Math.max(memory.accountErrors.get(kind) ?? 0, Math.min(lastMs, nowMs)));
    }
    if (now.shortSinceMs !== undefined)
      memory.shortSinceMs = Math.min(memory.shortSinceMs ?? Number.POSITIVE_INFINITY, now.shortSinceMs);
    memory.startups.push(...now.startupsMs.map((valueMs) => ({ atMs: nowMs, valueMs })));
    memory.workerStartups.push(...now.workerStartups.map((startup) => ({ atMs: nowMs, ...startup })));
    if (memory.startups.length > STARTUPS_KEPT) memory.startups = memory.startups.slice(-STARTUPS_KEPT);
    if (memory.workerStartups.length > STARTUPS_KEPT) memory.workerStartups = memory.workerStartups.slice(-STARTUPS_KEPT);
  }

  #rememberUsage(key: string, gateway: string, reported: Usage): void {
    const { usage } = this.#memory(key);
    usage.delete(gateway);
    usage.set(gateway, reported);
    for (const oldest of usage.keys()) if (usage.size > MAX_SOURCES) usage.delete(oldest);
  }

  #memory(key: string): PoolHistory {
    const memory = this.#pools.get(key) ?? new PoolHistory();
    this.#pools.set(key, memory);
    return memory;
  }

  /** A decision has answered the shortage: the next shortage has its own start time. */
  answered(key: string, sinceMs: number): void {
    const memory = this.#pools.get(key);
    if (memory?.shortSinceMs === sinceMs) memory.shortSinceMs = undefined;
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }

  tally(key: string, sinceMs: number): Tally {
    const memory = this.#pools.get(key);
    return {
      shortages: memory?.shortages ?? noShortages,
      startupsMs: (memory?.startups ?? []).filter(({ atMs }) => atMs > sinceMs).map(({ valueMs }) => valueMs),
    };
  }

  view(key: string, nowMs: number): PoolLoadView {
    const memory = this.#pools.get(key);
    const gateways = [...this.#gateways.values()];
    const connected = gateways.filter((gateway) => gateway.connected);
    const loads = connected.flatMap((gateway) => gateway.pools.get(key) ?? []);
    const gatewaySilent = gateways.some((gateway) => !gateway.connected && nowMs - gateway.silentSinceMs < SILENT_GATEWAY_MS);
    const deficit = new Map<string, number>();
    let fallsNextAtMs: number | undefined;
    for (const [preset, raised] of memory?.deficit ?? []) {
      const fallsAtMs = deficitFallsAtMs(raised, nowMs);
      if (fallsAtMs === undefined) continue;
      deficit.set(preset, deficitAt(raised, nowMs));
      fallsNextAtMs = Math.min(fallsNextAtMs ?? fallsAtMs, fallsAtMs);
    }
    const accountErrors = [...(memory?.accountErrors ?? [])].map(
      ([kind, lastMs]) => [kind, lastMs + ACCOUNT_ERROR_SPAN_MS] as const,
    );
    return {
      gatewaysConnected: connected.length,
      gatewaySilent,
      queued: mergeCounts(loads.map(({ queued }) => queued)),
      sessions: mergeCounts(loads.map(({ sessions = {} }) => sessions)),
      deficit,
      pressurePerMinute: sum(memory?.short ?? emptyWindow, nowMs, SHORT_SPAN_MS),
      deficitFallsAtMs: fallsNextAtMs,
      accountErrors: new Map(accountErrors.filter(([, untilMs]) => untilMs > nowMs)),
      overflow: overflowLoad(loads, nowMs),
      reclaimed: memory?.reclaimed ?? noneReclaimed,
      usage: new Map(memory?.usage),
      forbiddenSecrets: new Set(loads.flatMap((load) => load.forbiddenSecrets ?? [])),
      startupsMs: (memory?.startups ?? [])
        .filter(({ atMs }) => atMs > nowMs - STARTUP_SPAN_MS)
        .map(({ valueMs }) => valueMs)
        .sort((a, b) => a - b),
      launches: new Map(memory?.launches),
      startupsByWorker: byWorker((memory?.workerStartups ?? []).filter(({ atMs }) => atMs > nowMs - STARTUP_SPAN_MS)),
      workers: mergeWorkers(loads),
      shortSinceMs: memory?.shortSinceMs,
    };
  }
}

function shortagesSince(old: ShortageCounts, now: ShortageCounts): ShortageCounts {
  return {
    worker503: Math.max(0, now.worker503 - old.worker503),
    waited: Math.max(0, now.waited - old.waited),
    refused: Math.max(0, now.refused - old.refused),
  };
}

function addShortages(a: ShortageCounts, b: ShortageCounts): ShortageCounts {
  return { worker503: a.worker503 + b.worker503, waited: a.waited + b.waited, refused: a.refused + b.refused };
}

/** Adds the launches since `before`. A preset without a previous report counts from zero. */
function addLaunches(total: Map<string, LaunchCounts>, before: PoolLoad["launches"], now: PoolLoad["launches"]): void {
  for (const [preset, { arrived, missed, started }] of Object.entries(now)) {
    const old = before[preset] ?? { arrived: 0, missed: 0, started: 0 };
    const sum = total.get(preset) ?? { arrived: 0, missed: 0, started: 0 };
    total.set(preset, {
      arrived: sum.arrived + Math.max(0, arrived - old.arrived),
      missed: sum.missed + Math.max(0, missed - old.missed),
      started: sum.started + Math.max(0, started - old.started),
    });
  }
}

function byWorker(startups: PoolHistory["workerStartups"]): Map<string, number[]> {
  const grouped = Map.groupBy(startups, ({ uid }) => uid);
  return new Map([...grouped].map(([uid, own]) => [uid, own.map(({ startupMs }) => startupMs)]));
}
