import type { KubeClient } from "../../kube/client.ts";
import { keyOf } from "../../kube/types.ts";
import { usageError } from "../exit.ts";
import type { OutputFormat } from "../flags.ts";
import { type AskGateway, GatewayError } from "../gateways/ask-gateway.ts";
import { type AuthPool, launchToken } from "../gateways/launch-token.ts";
import { eachWithin } from "../limited.ts";
import type { Print } from "../output.ts";
import { findPool, listPools } from "../pools.ts";
import { show } from "../show.ts";
import { age, table } from "../table.ts";
import { type ReachedPool, type Session, type Sessions, sessionsIn, sessionsOf, stopSessions } from "./sessions.ts";

export interface SessionDeps {
  readonly client: Pick<KubeClient, "get" | "list">;
  readonly gateway: AskGateway;
  readonly print: Print;
  readonly hint: Print;
  readonly nowMs: () => number;
}

export interface SessionScope {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly tokenFile: string | undefined;
  readonly output: OutputFormat;
}

/** Pools whose sessions are requested at the same time. */
const POOLS_AT_ONCE = 8;

type Row = Session & { readonly namespace: string; readonly pool: string };
type Part = { readonly rows: readonly Row[]; readonly complete: boolean; readonly jobs: number; readonly failure?: string };

/** `avatarpool sessions list`. @throws Error if no pool's sessions can be listed. */
export async function listSessions(deps: SessionDeps, name: string | undefined, scope: SessionScope): Promise<void> {
  const pools = name === undefined ? await listPools<AuthPool>(deps.client, scope.namespace) : [await poolNamed(deps, name, scope)];
  const parts = await eachWithin(POOLS_AT_ONCE, pools, (pool) => partOf(deps, pool, scope, pools.length > 1));
  const rows = parts.flatMap((part) => part.rows);
  const failures = parts.flatMap(({ failure }) => failure ?? []);
  if (failures.length > 0 && failures.length === parts.length) throw new GatewayError(failures[0] ?? "");
  const complete = failures.length === 0 && parts.every((part) => part.complete);
  const { output } = scope;
  const { hint, print, nowMs } = deps;
  show(
    output,
    { sessions: rows, complete },
    () => sessionLines(rows, { nowMs: nowMs(), wide: output === "wide", pools: name === undefined }),
    print,
  );
  for (const failure of failures) hint(failure);
  if (rows.length === 0 && failures.length === 0) hint(pools.length === 0 ? "there are no pools" : "there are no sessions");
  if (parts.some((part) => !part.complete)) hint("the list is not complete: a worker did not respond; retry");
  const jobs = parts.reduce((sum, part) => sum + part.jobs, 0);
  if (jobs > 0) hint(`jobs that LiveKit dispatched are not listed: ${jobs}`);
}

async function partOf(deps: SessionDeps, pool: AuthPool, scope: SessionScope, others: boolean): Promise<Part> {
  const { namespace = "", name = "" } = pool.metadata ?? {};
  try {
    const found = await sessionsOf(deps.gateway, await reached(deps, pool, scope));
    const rows = found.sessions.map((session) => ({ namespace, pool: name, ...session }));
    return { rows, complete: found.complete, jobs: found.jobs ?? 0 };
  } catch (error) {
    // One pool whose token is out of reach must not hide the others.
    if (!others || !(error instanceof Error)) throw error;
    return { rows: [], complete: true, jobs: 0, failure: `${namespace}/${name}: ${error.message}` };
  }
}

interface Look {
  readonly nowMs: number;
  readonly wide: boolean;
  /** Whether rows name their pool. */
  readonly pools: boolean;
}

export function sessionLines(rows: readonly Row[], { nowMs, wide, pools }: Look): readonly string[] {
  if (rows.length === 0) return [];
  const header = [
    ...(pools ? ["NAMESPACE", "POOL"] : []),
    "ROOM",
    "STATE",
    "AGE",
    "PRESET",
    "WORKER",
    "GROUP",
    ...(wide ? ["TASK"] : []),
  ];
  const cells = rows.map(({ namespace, pool, room, state, launched_at, preset, worker, group, task_id }) => {
    const since = launched_at === undefined ? "-" : age(nowMs - Date.parse(launched_at));
    return [...(pools ? [namespace, pool] : []), room, state, since, preset ?? "-", worker, group, ...(wide ? [task_id] : [])];
  });
  return table(header, cells);
}

/** `avatarpool sessions show`. */
export async function showSessions(deps: SessionDeps, room: string, name: string | undefined, scope: SessionScope): Promise<void> {
  const { found } = await poolOfRoom(deps, room, name, scope);
  const lines = () =>
    found.sessions.flatMap((session, at) => [
      ...(at === 0 ? [] : [""]),
      ...table(["room", session.room], fieldsOf(session, deps.nowMs())),
    ]);
  show(scope.output, found, lines, deps.print);
  if (!found.complete) deps.hint("a worker did not respond and may have further sessions of this room: retry");
}

function fieldsOf(
  { state, worker, group, preset, task_id, launched_at }: Session,
  nowMs: number,
): readonly (readonly [string, string])[] {
  return [
    ["state", state],
    ["launched", launched_at === undefined ? "unknown" : `${launched_at} (${age(nowMs - Date.parse(launched_at))} ago)`],
    ["preset", preset ?? "unknown"],
    ["worker", worker],
    ["group", group],
    ["task", task_id],
    ...(preset === undefined || launched_at === undefined
      ? [["", "another gateway served the launch, so its time and preset are unknown here"] as const]
      : []),
  ];
}

/** @param confirm undefined without a terminal. */
export interface Consent {
  readonly yes: boolean;
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

/** `avatarpool sessions stop`. @throws CommandError without consent. */
export async function stopRoom(
  deps: SessionDeps,
  room: string,
  name: string | undefined,
  scope: SessionScope,
  { yes, confirm }: Consent,
): Promise<void> {
  if (!yes && confirm === undefined)
    throw usageError(`there is no terminal to confirm that the sessions in room ${room} end: add --yes`);
  const { pool, found } = await poolOfRoom(deps, room, name, scope);
  const workers = [...new Set(found.sessions.map(({ worker }) => worker))].join(", ");
  const question = `End the sessions in room ${room} of pool ${keyOf(pool)} (worker ${workers})? Callers lose the avatar.`;
  if (!yes && !(await confirm?.(question))) return deps.hint("nothing was ended");
  const ended = await stopSessions(deps.gateway, pool, room);
  const lines = () => ended.sessions.map(({ state, worker }) => `session in room ${room} on worker ${worker}: ${state}`);
  show(scope.output, ended, lines, deps.print);
}

interface RoomFound {
  readonly pool: ReachedPool;
  readonly found: Sessions;
}

/** The pool with sessions in a room: the named one, else the only one of the namespace or of all namespaces. */
async function poolOfRoom(deps: SessionDeps, room: string, name: string | undefined, scope: SessionScope): Promise<RoomFound> {
  if (name !== undefined) {
    const pool = await reached(deps, await poolNamed(deps, name, scope), scope);
    return { pool, found: await sessionsIn(deps.gateway, pool, room) };
  }
  const pools = await listPools<AuthPool>(deps.client, scope.namespace);
  const failures: string[] = [];
  const all = await eachWithin(POOLS_AT_ONCE, pools, async (candidate) => {
    try {
      const pool = await reached(deps, candidate, scope);
      return { pool, found: await sessionsIn(deps.gateway, pool, room) };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof GatewayError && error.status === 404))
        failures.push(`${keyOf(candidate.metadata ?? {})}: ${error.message}`);
      return undefined;
    }
  });
  const hits = all.filter((hit) => hit !== undefined);
  const [hit] = hits;
  if (hit !== undefined && hits.length === 1) return hit;
  const where = scope.namespace === undefined ? "of all namespaces" : `of namespace ${scope.namespace}`;
  if (hit === undefined)
    throw new Error(failures[0] ?? `no pool ${where} has a session in room ${room}: see avatarpool sessions list`);
  throw usageError(
    `several pools have sessions in room ${room}: name one of ${hits.map(({ pool }) => pool.name).join(", ")} after the room`,
  );
}

async function reached(deps: SessionDeps, pool: AuthPool, { tokenFile }: SessionScope): Promise<ReachedPool> {
  const { namespace = "", name = "" } = pool.metadata ?? {};
  return { namespace, name, token: await launchToken(deps.client, pool, tokenFile) };
}

async function poolNamed({ client }: SessionDeps, name: string, { namespace }: SessionScope): Promise<AuthPool> {
  if (namespace === undefined) throw usageError("a pool has one namespace: replace --all-namespaces with --namespace");
  return findPool(client, { namespace, name });
}
