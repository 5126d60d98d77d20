import { DECISIONS_PATH, decisionsSchema } from "../../api/debug.ts";
import { poolKey } from "../../api/pool-config.ts";
import type { DecisionStatus } from "../../api/v1alpha1/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { type AskOperator, OperatorError } from "../ask-operator.ts";
import type { OutputFormat } from "../flags.ts";
import type { Print } from "../output.ts";
import type { Paint } from "../paint.ts";
import { findPool, listPools } from "../pools.ts";
import { show } from "../show.ts";
import { poolLines } from "./pool-lines.ts";
import { mergeDecisions, type PoolStatus, poolStatus, readiness } from "./pool-status.ts";
import { poolTable } from "./pool-table.ts";

/** Which pools to show. */
export interface StatusScope {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** One pool in detail. Undefined: a table of all pools. */
  readonly name: string | undefined;
}

export interface StatusOptions extends StatusScope {
  readonly output: OutputFormat;
}

/** Decisions of one pool that are shown. */
export const DECISIONS_SHOWN = 5;

/** The list of the operator is an addition: the status does not wait longer for it. */
const DECISIONS_WAIT_MS = 700;

/**
 * `avatarpool status`: one pool in detail, or a table.
 * @throws Error with a remedy if the pool does not exist, and KubeError if the user lacks a permission.
 */
export async function status(
  { client, ask }: { readonly client: Pick<KubeClient, "get" | "list">; readonly ask: AskOperator },
  { namespace, name, output }: StatusOptions,
  print: Print,
  paint: Paint,
  clock: Clock = systemClock,
): Promise<void> {
  if (namespace !== undefined && name !== undefined) {
    const ref = { namespace, name };
    const [found, recent] = await Promise.all([findPool(client, ref), recentDecisions(ask, poolKey(ref), clock)]);
    const pool = withDecisions(poolStatus(found), recent);
    const lines = () =>
      output === "wide" ? tableOf([pool], namespace, output, clock, paint) : poolLines(pool, clock.now(), paint);
    return show(output, documentOf(pool), lines, print);
  }
  const pools = (await listPools(client, namespace)).map(poolStatus);
  const lines = () => (pools.length === 0 ? [noPools(namespace)] : tableOf(pools, namespace, output, clock, paint));
  show(output, pools.map(documentOf), lines, print);
}

function tableOf(
  pools: readonly PoolStatus[],
  namespace: string | undefined,
  output: OutputFormat,
  clock: Clock,
  paint: Paint,
): readonly string[] {
  return poolTable(pools, { namespaces: namespace === undefined, wide: output === "wide" }, clock.now(), paint);
}

export function noPools(namespace: string | undefined): string {
  return namespace === undefined
    ? "there is no AvatarPool in the cluster"
    : `there is no AvatarPool in namespace ${namespace}; -A lists those of all namespaces`;
}

export function withDecisions(pool: PoolStatus, more: readonly DecisionStatus[]): PoolStatus {
  return { ...pool, decisions: mergeDecisions(pool.decisions, more, DECISIONS_SHOWN) };
}

/** The latest changes from the leading operator; empty if it does not respond soon, or the user may not query it. */
export async function recentDecisions(ask: AskOperator, pool: string, clock: Clock): Promise<readonly DecisionStatus[]> {
  const asked = ask(DECISIONS_PATH, { pool }).catch((error: unknown) => {
    if (error instanceof OperatorError) return undefined;
    throw error;
  });
  const stop = new AbortController();
  const answer = await Promise.race([asked, sleep(clock, DECISIONS_WAIT_MS, stop.signal)]);
  stop.abort();
  return decisionsSchema.safeParse(answer).data?.changes.slice(0, DECISIONS_SHOWN) ?? [];
}

function documentOf(pool: PoolStatus) {
  const { config, status: reported, decisions } = pool;
  const { word, why } = readiness(pool);
  const { targetMs, percentile } = config.objective.startup;
  return {
    ...{ namespace: config.namespace, name: config.name, state: word, message: why, paused: config.scaling.paused },
    objective: { startupMs: targetMs, percentile },
    status: reported,
    decisions,
  };
}
