/**
 * What the operator's console serves to the browser. The shapes are plain interfaces, so that the browser loads no validator.
 * Paths are relative to the console's base URL, so that an Ingress may serve it under a path.
 *
 * Each request carries the viewer's Kubernetes token in `Authorization: Bearer`. Each error is a JSON {@link ConsoleError}:
 * 401 without a valid token, 403 without the permission that its message names, 404, 503 while no operator leads.
 */

/** The operator's console port in the chart. */
export const CONSOLE_PORT = 8_082;

/** `{pool}` stands for `{namespace}/{name}`. */
export const consolePaths = {
  /** GET: {@link Viewer}. */
  viewer: "api/viewer",
  /** GET: server-sent events, {@link ConsoleEvent}. `?pool=NAMESPACE/NAME`, repeated up to 16 times, adds details of these pools. */
  stream: "api/stream",
  /** GET: {@link SessionsPage}. DELETE `…/sessions/{room}` ends the sessions of a room. */
  sessions: "api/pools/{pool}/sessions",
  /** GET: {@link History}. `?from=` and `?to=` are Unix times in ms. */
  history: "api/pools/{pool}/history",
  /** GET: {@link DecisionDetail}. */
  decision: "api/pools/{pool}/decisions/{id}",
  /** GET: {@link ReplayInputs}, for a simulation of the last hours. */
  replay: "api/pools/{pool}/replay",
  /** POST {@link TestLaunch}: {@link TestLaunchResult}. */
  launch: "api/pools/{pool}/launch",
} as const;

export interface ConsoleError {
  /** What failed, why, and what to do. */
  readonly message: string;
}

export interface Viewer {
  readonly user: string;
  /** Name of the leading operator's pod. */
  readonly operator: string;
  /** Unix time in ms at which it became the leader: history and decisions begin here unless Prometheus has more. */
  readonly sinceMs: number;
  readonly version: string;
  /** Where history is from. */
  readonly history: "memory" | "prometheus";
}

/** One row of the fleet. */
export interface FleetRow {
  readonly namespace: string;
  readonly name: string;
  /** `failed`: Ready is False. `degraded`: another condition needs a person. */
  readonly health: "ok" | "starting" | "degraded" | "failed" | "paused";
  /** The sentence of the condition that decides the health. */
  readonly sentence: string;
  readonly sessions: number;
  readonly slots: number;
  readonly warmSlots: number;
  /** Free warm slots that the pool should have; undefined while unknown. */
  readonly warmWanted?: number;
  readonly queued: number;
  readonly pressurePerMinute: number;
  readonly startupP95Ms?: number;
  readonly objectiveMs: number;
  /** Percentile of the objective, such as 95. */
  readonly objectivePercentile: number;
  /** Remaining share of the launch error budget, 0 to 1; undefined without launches. */
  readonly errorBudget?: number;
  /** Sum of `costPerHour` of the running workers; undefined if no group has one. */
  readonly costPerHour?: number;
  /** Whether gateways report the load of this pool now. */
  readonly stale: boolean;
}

export type WorkerState = "pending" | "starting" | "warming" | "warm" | "cordoned" | "draining" | "failing";

/** One worker. Cells of its slots: `sessions` busy, `reserved` reserved, `blocked` unusable, the rest free. */
export interface WorkerTile {
  readonly uid: string;
  readonly pod: string;
  readonly group: string;
  readonly state: WorkerState;
  readonly slots: number;
  readonly sessions: number;
  readonly reserved: number;
  readonly blocked: number;
  /** A drain of its node may not evict it now. */
  readonly protected: boolean;
  /** Of an earlier revision of its group. */
  readonly outdated: boolean;
  readonly createdAtMs: number;
  /** Why it has this state. */
  readonly why: string;
}

export interface GroupSummary {
  readonly name: string;
  readonly engine: string;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly costPerHour?: number;
}

export interface PoolSummary extends FleetRow {
  readonly groups: readonly GroupSummary[];
  readonly presets: readonly { readonly name: string; readonly warmSlots: number; readonly queued: number }[];
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** The latest decision on each group, also if it changed nothing. */
  readonly latest: readonly DecisionMark[];
  /** What this viewer may do. */
  readonly may: { readonly stopSessions: boolean; readonly launch: boolean };
}

/** One event of the stream. The first `fleet` and the first `pool` of a pool are complete; later ones contain changes. */
export type ConsoleEvent =
  | { readonly type: "fleet"; readonly complete: boolean; readonly rows: readonly FleetRow[]; readonly removed: readonly string[] }
  | {
      readonly type: "pool";
      /** `NAMESPACE/NAME`. */
      readonly pool: string;
      readonly complete: boolean;
      readonly summary: PoolSummary;
      readonly workers: readonly WorkerTile[];
      /** UIDs of workers that no longer exist. */
      readonly removed: readonly string[];
    }
  /** The pool does not exist, or the viewer may not get it. */
  | { readonly type: "gone"; readonly pool: string; readonly message: string }
  /** New changes of size of a pool of the query, for the time line. */
  | { readonly type: "decisions"; readonly pool: string; readonly decisions: readonly DecisionMark[] }
  /** The newest point of the history of a pool of the query. */
  | { readonly type: "sample"; readonly pool: string; readonly sample: HistorySample };

export interface SessionRow {
  readonly room: string;
  readonly state: string;
  readonly worker: string;
  readonly group: string;
  readonly preset?: string;
  readonly launchedAtMs?: number;
  /** Time of each stage of the start-up in ms, in order, as far as the gateway measured it. */
  readonly stages?: readonly { readonly name: string; readonly ms: number }[];
}

export interface SessionsPage {
  readonly sessions: readonly SessionRow[];
  /** False if a worker or a gateway did not respond. */
  readonly complete: boolean;
}

/** A decision that changed the size of a group, or the latest one on it. */
export interface DecisionMark {
  readonly id: string;
  readonly atMs: number;
  readonly group: string;
  readonly from: number;
  readonly to: number;
  readonly outcome: "grew" | "shrank" | "unchanged";
  readonly reason: string;
  readonly arithmetic: string;
}

/** The pool at one moment. Counters are increases since the previous sample. */
export interface HistorySample {
  readonly atMs: number;
  readonly sessions: number;
  readonly slots: number;
  readonly warmSlots: number;
  readonly warmWanted: number;
  readonly replicas: number;
  readonly queued: number;
  /** Launches that arrived. */
  readonly launches: number;
  /** 503s of workers that gateways met. */
  readonly worker503: number;
  /** Launches that got an error because capacity was short. */
  readonly refused: number;
  /** Launches that waited. */
  readonly waited: number;
  /** p95 of the start-up times of this interval. */
  readonly startupP95Ms?: number;
}

export interface History {
  readonly fromMs: number;
  readonly toMs: number;
  /** Time between two samples. Older samples are merged: the largest of a level, the sum of a counter. */
  readonly stepMs: number;
  readonly samples: readonly HistorySample[];
  readonly decisions: readonly DecisionMark[];
}

export interface DecisionDetail extends DecisionMark {
  /** The numbers in the calculation, by name. */
  readonly inputs: Readonly<Record<string, number>>;
  /**
   * The same calculation with one session less and one more; undefined for a group that is being removed. Older changes of a pool
   * keep neither this nor the forecast.
   */
  readonly what?: {
    readonly fewer: { readonly to: number; readonly arithmetic: string };
    readonly more: { readonly to: number; readonly arithmetic: string };
  };
  /**
   * The forecast that gave the warm slots: the probability that the slots needed during one start of a worker are at most n.
   * Undefined for a fixed number of warm slots.
   */
  readonly forecast?: {
    readonly points: readonly { readonly slots: number; readonly atMost: number }[];
    readonly chosen: number;
    readonly level: number;
    readonly timeToWarmMs: number;
    readonly because: string;
  };
}

export interface ReplayInputs {
  /** The pool as YAML, without status and server-set fields. */
  readonly pool: string;
  /** Launches of the last hours, oldest first: seconds since `fromMs` and duration in seconds. Durations are estimates. */
  readonly launches: readonly { readonly arrivalS: number; readonly durationS: number }[];
  readonly fromMs: number;
  /** How the durations were estimated. */
  readonly about: string;
}

export interface TestLaunch {
  readonly preset?: string;
  readonly livekitUrl: string;
  readonly livekitToken: string;
  readonly room: string;
}

export interface TestLaunchResult {
  /** HTTP status of the launch. */
  readonly status: number;
  readonly room: string;
  /** How the gateway served it, such as `warm` or `queued`. */
  readonly path?: string;
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  /** The gateway's error, if it rejected the launch. */
  readonly message?: string;
}
