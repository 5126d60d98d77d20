import { DECISIONS_PATH, type Decision, type Decisions, type PoolList, WORKERS_PATH, type Workers } from "../api/debug.ts";
import type { JsonAnswer, JsonPage } from "../telemetry/health-server.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { PoolLoadView } from "./load/load-hub.ts";
import type { PoolMemory } from "./memory.ts";
import type { DecisionRecord } from "./planning/decision.ts";

export interface Leadership {
  readonly sinceMs: number;
  pools(): readonly string[];
  memory(key: string): Pick<PoolMemory, "decisions" | "forecast"> | undefined;
  load(key: string): PoolLoadView;
}

/** Whether this replica leads, as it changes. */
export interface Role {
  leading: Leadership | undefined;
  /** The leading replica, if this replica has observed it. */
  leader: string | undefined;
}

/** The pages under `/debug`, of the operator with this name. */
export function debugPages(operator: string, role: Readonly<Role>): Readonly<Record<string, JsonPage>> {
  const leader = (answer: (leading: Leadership, pool: string | null) => JsonAnswer): JsonPage => {
    return (query) => (role.leading === undefined ? standby(operator, role.leader) : answer(role.leading, query.get("pool")));
  };
  return {
    [DECISIONS_PATH]: leader((leading, pool) => {
      const { pools, sinceMs } = leading;
      const about = { operator, since: time(sinceMs) };
      if (pool === null) return ok<PoolList>({ ...about, pools: [...pools()].sort() });
      return ofPool(leading, pool, () => ok<Decisions>({ ...about, pool, ...decisionsOf(leading.memory(pool)?.decisions) }));
    }),
    [WORKERS_PATH]: leader((leading, pool) =>
      ofPool(leading, pool ?? "", (key) => {
        const known = leading.memory(key)?.forecast ?? [];
        const forecast = Object.fromEntries([...known].map(([set, { basis: _basis, ...target }]) => [set, target]));
        return ok<Workers>({ operator, pool: key, ...workersOf(leading.load(key)), forecast });
      }),
    ),
  };
}

function ofPool(leading: Leadership, pool: string, answer: (key: string) => JsonAnswer): JsonAnswer {
  if (leading.pools().includes(pool)) return answer(pool);
  const message = `the operator manages no pool "${pool}": request ?pool=NAMESPACE/NAME; ${DECISIONS_PATH} lists the pools`;
  return { status: 404, body: { message } };
}

function standby(operator: string, leader: string | undefined): JsonAnswer {
  const cure = leader === undefined ? "the leader is unknown; retry in a few seconds" : `send the request to the leader ${leader}`;
  return { status: 503, body: { message: `${operator} does not lead: ${cure}` } };
}

function decisionsOf(log: DecisionLog | undefined): Pick<Decisions, "latest" | "changes"> {
  return {
    latest: [...(log?.latest.values() ?? [])].map(written),
    changes: (log?.changes ?? []).map(written).reverse(),
  };
}

function written({ atMs, inputs, basis: _basis, ...record }: DecisionRecord): Decision {
  const known = Object.entries(inputs ?? {}).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return { time: time(atMs), ...record, ...(inputs && { inputs: Object.fromEntries(known) }) };
}

function workersOf(load: PoolLoadView): Omit<Workers, "operator" | "pool" | "forecast"> {
  const { gatewaysConnected, gatewaySilent, queued, deficit, workers } = load;
  return {
    gatewaysConnected,
    gatewaySilent,
    queued: Object.fromEntries(queued),
    deficit: Object.fromEntries(deficit),
    pressure: Object.fromEntries(deficit),
    workers: [...workers].map(([uid, worker]) => ({ uid, ...worker })),
  };
}

function ok<T extends object>(body: T): JsonAnswer {
  return { status: 200, body };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
