import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, ScenarioResult } from "../figures.ts";
import { cpuOf } from "../usage.ts";
import { addressesOf, WORKER_PORT } from "./addresses.ts";
import { startLightWorkers } from "./control.ts";
import { startBenchGateway } from "./gateway-process.ts";
import { LaunchLoad, type Target, type Targets } from "./launch-load.ts";
import { missingProxies, startProxy } from "./proxies.ts";

const WORKERS = 200;
/** Enough slots for every launch: the scenario compares the path of a launch, not the choice of a worker. */
const SLOTS = 64;
const SESSION_MS = 500;
const PER_SECOND = 500;
/** Warm-up before the measurement: just-in-time compilation takes seconds of CPU time, and gateways run for days. */
const WARM_UP_MS = { direct: 5_000, nginx: 2_000, haproxy: 2_000, avatarpool: 30_000 } as const;
const ROUNDS = 5;
const ROUND_MS = 3_000;
const CLIENTS = 16;
const CLOSED_MS = 3_000;

const ways = ["direct", "nginx", "haproxy", "avatarpool"] as const;
type Way = (typeof ways)[number];
type Through = Exclude<Way, "direct">;

interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** CPU time of the proxy; NaN without one. */
  readonly cpuMsPerLaunch: number;
}

/** A launch through nginx, HAProxy and one gateway to the same workers, compared with a direct call. */
export async function comparedWithProxies(): Promise<ScenarioResult> {
  const missing = missingProxies();
  if (missing !== undefined) return { figures: [], details: { skipped: missing } };
  await using workers = await startLightWorkers(WORKERS);
  await workers.tell({ slots: SLOTS, sessionMs: SESSION_MS });
  await using nginx = await startProxy("nginx", WORKERS);
  await using haproxy = await startProxy("haproxy", WORKERS);
  await using avatarpool = await startBenchGateway({ count: WORKERS, slots: SLOTS });
  const through = { nginx, haproxy, avatarpool };
  const targets: Readonly<Record<Way, Targets>> = {
    direct: inTurn(addressesOf(WORKERS).map((host) => ({ host, port: WORKER_PORT }))),
    nginx: () => nginx,
    haproxy: () => haproxy,
    avatarpool: () => avatarpool,
  };
  for (const way of ways) {
    const load = new LaunchLoad(`warm-up-${way}`);
    await load.closed(targets[way], CLIENTS, WARM_UP_MS[way]);
    load.close();
  }
  const latency = await latencies(targets, through);
  const perCore: Record<Through, number[]> = { nginx: [], haproxy: [], avatarpool: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ["nginx", "haproxy", "avatarpool"] as const) {
      perCore[way].push(await throughputPerCore(targets[way], through[way].pid, `closed-${round}-${way}`));
    }
  }
  return {
    figures: figuresOf(latency, perCore),
    details: {
      cores: availableParallelism(),
      latencyMs: mapped(latency, (rounds) => ({
        p50: spread(rounds.map(({ p50 }) => p50)),
        p99: spread(rounds.map(({ p99 }) => p99)),
      })),
      cpuMsPerLaunch: mapped(latency, (rounds) => spread(rounds.map(({ cpuMsPerLaunch }) => cpuMsPerLaunch))),
      failed: mapped(latency, (rounds) => rounds.reduce((sum, { failed }) => sum + failed, 0)),
      launchesPerCpuSecond: mapped(perCore, spread),
    },
  };
}

/** Measures the ways in turn, several times, so that other load of the machine affects all of them. */
async function latencies(
  targets: Readonly<Record<Way, Targets>>,
  through: Readonly<Partial<Record<Way, { readonly pid: number }>>>,
): Promise<Record<Way, Round[]>> {
  const rounds: Record<Way, Round[]> = { direct: [], nginx: [], haproxy: [], avatarpool: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ways) {
      const load = new LaunchLoad(`${way}-${round}`);
      const pid = through[way]?.pid;
      const cpuBefore = pid === undefined ? Number.NaN : await cpuOf(pid);
      const times = await load.steady(targets[way], PER_SECOND, ROUND_MS);
      const cpuMs = pid === undefined ? Number.NaN : ((await cpuOf(pid)) - cpuBefore) * 1_000;
      load.close();
      await sleep(SESSION_MS);
      const good = times.filter((time) => !Number.isNaN(time));
      const at = (share: number) => good[Math.floor(good.length * share)] ?? Number.NaN;
      rounds[way].push({ p50: at(0.5), p99: at(0.99), failed: times.length - good.length, cpuMsPerLaunch: cpuMs / times.length });
    }
  }
  return rounds;
}

async function throughputPerCore(targets: Targets, pid: number, run: string): Promise<number> {
  const load = new LaunchLoad(run);
  const before = await cpuOf(pid);
  const { served } = await load.closed(targets, CLIENTS, CLOSED_MS);
  const seconds = (await cpuOf(pid)) - before;
  load.close();
  await sleep(SESSION_MS);
  return served / seconds;
}

function figuresOf(
  latency: Readonly<Record<Way, readonly Round[]>>,
  perCore: Readonly<Record<Through, readonly number[]>>,
): Figure[] {
  const added = (way: Through, percentile: "p50" | "p99") => {
    const of = (which: Way) => median(latency[which].map((round) => round[percentile]));
    return of(way) - of("direct");
  };
  const ratio = (percentile: "p50" | "p99") => {
    const better = Math.min(added("nginx", percentile), added("haproxy", percentile));
    // The added latency is below the noise of the machine, so there is no ratio.
    return better > 0 ? rounded(added("avatarpool", percentile) / better) : Number.NaN;
  };
  const best = Math.max(median(perCore.nginx), median(perCore.haproxy));
  return [
    { name: "added latency p50, times the better proxy's", value: ratio("p50"), limit: 1.5 },
    { name: "added latency p99, times the better proxy's", value: ratio("p99"), limit: 1.5 },
    { name: "CPU per launch, times the better proxy's", value: rounded(best / median(perCore.avatarpool)), limit: 2 },
    { name: "launches that failed", value: latency.avatarpool.reduce((sum, { failed }) => sum + failed, 0), limit: 0 },
  ];
}

function inTurn(all: readonly Target[]): Targets {
  let next = 0;
  return () => {
    next = (next + 1) % all.length;
    const target = all[next];
    if (target === undefined) throw new RangeError("no target");
    return target;
  };
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b).map(rounded);
  return { median: rounded(median(values)), least: sorted[0], most: sorted.at(-1) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function mapped<Key extends string, From, To>(record: Readonly<Record<Key, From>>, to: (value: From) => To): Record<Key, To> {
  return Object.fromEntries(Object.entries<From>(record).map(([key, value]) => [key, to(value)])) as Record<Key, To>;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
