import type { DecisionMark, FleetRow, PoolSummary, SessionRow, WorkerState, WorkerTile } from "../../../../operator/api/console.ts";
import type { Random } from "../../../../operator/runtime/clock.ts";
import { seededRandom } from "../../../../operator/runtime/random.ts";

/** An invented fleet in the shapes of the real one. It depends on the seed only. */
export interface InventedPool {
  readonly summary: PoolSummary;
  readonly workers: readonly WorkerTile[];
  readonly sessions: readonly SessionRow[];
}

export interface FleetOptions {
  readonly pools: number;
  /** Of all pools. */
  readonly workers: number;
  readonly nowMs: number;
  readonly seed?: number;
}

const SLOTS = 4;

/** By `NAMESPACE/NAME`. The first pool is `avatars/support`, with a worker in every state. */
export function inventedFleet({ pools, workers, nowMs, seed = 1 }: FleetOptions): ReadonlyMap<string, InventedPool> {
  const each = Math.floor(workers / Math.max(1, pools));
  return new Map(
    Array.from({ length: pools }, (_, at) => {
      const pool = inventedPool({
        at,
        count: at === 0 ? workers - each * (pools - 1) : each,
        nowMs,
        random: seededRandom(seed, `pool-${at}`),
      });
      return [`${pool.summary.namespace}/${pool.summary.name}`, pool];
    }),
  );
}

interface PoolOptions {
  readonly at: number;
  readonly count: number;
  readonly nowMs: number;
  readonly random: Random;
}

const names = ["support", "sales", "lobby", "tutor", "clinic", "events", "bank", "travel", "museum", "kiosk"];

function inventedPool({ at, count, nowMs, random }: PoolOptions): InventedPool {
  const name = at < names.length ? (names[at] ?? "") : `${names[at % names.length]}-${Math.floor(at / names.length)}`;
  const namespace = at < names.length ? "avatars" : `tenant-${at % 7}`;
  const health = healthOf(at);
  const workers = Array.from({ length: count }, (_, worker) =>
    inventedWorker({ name, worker, count, nowMs, random, all: at === 0 }),
  );
  const sum = (figure: (worker: WorkerTile) => number) => workers.reduce((total, worker) => total + figure(worker), 0);
  const warm = workers.filter(({ state }) => state === "warm");
  const warmSlots = warm.reduce((total, worker) => total + freeSlots(worker), 0);
  const row: FleetRow = {
    ...{ namespace, name, ...health },
    sessions: sum(({ sessions }) => sessions),
    slots: sum(({ slots }) => slots),
    warmSlots,
    ...(health.health !== "starting" && { warmWanted: Math.max(1, Math.round(warmSlots * (0.6 + 0.7 * random()))) }),
    queued: health.health === "degraded" ? 3 : 0,
    pressurePerMinute: health.health === "degraded" ? 4.2 : 0,
    ...(health.health !== "starting" && { startupP95Ms: 2_400 + 4_200 * random() * random() }),
    objectiveMs: 4_000,
    objectivePercentile: 95,
    ...(health.health !== "starting" && { errorBudget: health.health === "failed" ? 0 : Math.min(1, 0.4 + random()) }),
    ...(at % 5 !== 4 && { costPerHour: workers.length * 1.45 }),
    stale: at === 6,
  };
  const groups = [...new Set(workers.map(({ group }) => group))];
  return {
    workers,
    sessions: inventedSessions(workers, nowMs, random),
    summary: {
      ...row,
      groups: groups.map((group) => {
        const desired = workers.filter((worker) => worker.group === group).length;
        return {
          name: group,
          engine: group === "cpu" ? "essence" : "expression",
          desired,
          min: 1,
          max: desired + 6,
          costPerHour: 1.45,
        };
      }),
      presets: [
        { name: "maya", warmSlots, queued: row.queued },
        { name: "leo", warmSlots: Math.floor(warmSlots / 2), queued: 0 },
      ],
      conditions: conditionsOf(row),
      latest: groups.map((group, index) => decisionOf(group, workers.length, nowMs - 42_000 * (index + 1))),
      may: { stopSessions: true, launch: true },
    },
  };
}

function healthOf(at: number): Pick<FleetRow, "health" | "sentence"> {
  if (at % 23 === 3)
    return {
      health: "failed",
      sentence: 'Secret "bithuman" has no key "api-secret": add the key, or correct spec.apiSecretRef.key',
    };
  if (at % 11 === 4)
    return {
      health: "degraded",
      sentence: "3 launches wait and every group is at its maximum: raise workers[0].max, or free GPUs for 2 pending workers",
    };
  if (at % 17 === 5)
    return { health: "starting", sentence: "no worker is ready yet: 2 workers start, the first is expected in 35 s" };
  if (at % 29 === 7) return { health: "paused", sentence: "spec.scaling.paused is true: sizes stay as they are" };
  return { health: "ok", sentence: "every preset can be launched" };
}

function freeSlots({ slots, sessions, reserved, blocked }: WorkerTile): number {
  return Math.max(0, slots - sessions - reserved - blocked);
}

interface WorkerOptions {
  readonly name: string;
  readonly worker: number;
  readonly count: number;
  readonly nowMs: number;
  readonly random: Random;
  /** Whether every state occurs. */
  readonly all: boolean;
}

function inventedWorker({ name, worker, count, nowMs, random, all }: WorkerOptions): WorkerTile {
  const group = worker % 6 === 5 ? "cpu" : "gpu";
  const slots = group === "cpu" ? 2 : SLOTS;
  const state = stateOf(worker, count, all, random);
  const serves = state === "warm" || state === "draining";
  const sessions = serves ? Math.floor(random() * (slots + 1)) : 0;
  const reserved = state === "warm" && sessions < slots && random() < 0.12 ? 1 : 0;
  const blocked = state === "warm" && sessions + reserved < slots && random() < 0.05 ? 1 : 0;
  const hash = Math.floor(random() * 36 ** 5)
    .toString(36)
    .padStart(5, "0");
  return {
    uid: `uid-${name}-${worker}`,
    pod: `${name}-${group}-7d9c5b8f4-${hash}`,
    ...{ group, state, slots, sessions, reserved, blocked },
    protected: sessions > 0,
    outdated: worker % 19 === 3,
    createdAtMs: nowMs - 60_000 * (count - worker) - Math.floor(random() * 60_000),
    why: whyOf(state, slots - sessions - reserved - blocked, slots),
  };
}

const rare: readonly WorkerState[] = ["failing", "pending", "starting", "warming", "cordoned", "draining"];

function stateOf(worker: number, count: number, all: boolean, random: Random): WorkerState {
  const fromEnd = count - 1 - worker;
  if (all && fromEnd < rare.length) return rare[fromEnd] ?? "warm";
  const drawn = random();
  return drawn < 0.9 ? "warm" : drawn < 0.94 ? "draining" : drawn < 0.97 ? "starting" : "warming";
}

function whyOf(state: WorkerState, free: number, slots: number): string {
  switch (state) {
    case "warm":
      return `warm; ${free} of ${slots} slots are free`;
    case "pending":
      return "the scheduler finds no node: 0/12 nodes are available: 12 Insufficient nvidia.com/gpu";
    case "starting":
      return "starting since 13:58:21 UTC: pulling the image";
    case "warming":
      return "ready; warming up the rendering pipeline";
    case "cordoned":
      return "takes no launches since 13:57:02 UTC: it has no session, and the next scale-down removes it";
    case "draining":
      return "takes no launches since 13:57:02 UTC: 2 sessions remain";
    case "failing":
      return 'CrashLoopBackOff: the container "worker" exits with code 1';
  }
}

function conditionsOf({ health, sentence }: FleetRow): PoolSummary["conditions"] {
  const failed = health === "failed" || health === "starting";
  return [
    {
      type: "Ready",
      status: failed ? "False" : "True",
      reason: failed ? "SecretKeyMissing" : "Serving",
      message: failed ? sentence : "every preset can be launched",
    },
    { type: "WarmCapacity", status: "True", reason: "Enough", message: "every preset has its warm slots" },
    { type: "StartupObjective", status: "True", reason: "Met", message: "95% of start-ups took at most 3.4s, the objective is 4s" },
    {
      type: "AtMaximum",
      status: health === "degraded" ? "True" : "False",
      reason: health === "degraded" ? "AtMaximum" : "BelowMaximum",
      message: health === "degraded" ? sentence : "gpu may grow by 6 workers",
    },
    {
      type: "CredentialsValid",
      status: health === "failed" ? "False" : "True",
      reason: "SecretFound",
      message: health === "failed" ? sentence : 'Secret "bithuman" has the key "api-secret"',
    },
  ];
}

function decisionOf(group: string, size: number, atMs: number): DecisionMark {
  return {
    id: `${atMs}-${group}`,
    ...{ atMs, group, from: size - 1, to: size, outcome: "grew" },
    reason: "demand grew: a launch found no free slot",
    arithmetic: `${size * 3} sessions + 1 queued + 6 warm = ${size * 3 + 7} slots / 4 per worker = ${size}`,
  };
}

function inventedSessions(workers: readonly WorkerTile[], nowMs: number, random: Random): readonly SessionRow[] {
  return workers.flatMap((worker) =>
    Array.from({ length: worker.sessions }, (_, at) => ({
      room: `call-${worker.uid.slice(4)}-${at}`,
      state: random() < 0.05 ? "starting" : "running",
      worker: worker.pod,
      group: worker.group,
      preset: random() < 0.7 ? "maya" : "leo",
      launchedAtMs: nowMs - Math.floor(random() * 3_600_000),
      stages: [
        { name: "picked", ms: 3 },
        { name: "accepted", ms: 40 + Math.floor(random() * 60) },
        { name: "running", ms: 2_400 + Math.floor(random() * 1_800) },
      ],
    })),
  );
}
