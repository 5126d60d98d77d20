import type { SessionRow, SessionsPage } from "../api/console.ts";
import type { GatewaySession, GatewaySessions } from "../api/console-gateway.ts";

/**
 * The sessions of a pool from the answers of its gateways. Every gateway lists the sessions of all workers, but only the one that
 * served a launch has its preset, its time and its stages.
 * @param complete whether every gateway answered.
 */
export function mergeSessions(answers: readonly GatewaySessions[], complete: boolean): SessionsPage {
  const rows = new Map<string, SessionRow>();
  for (const session of answers.flatMap(({ sessions }) => sessions)) {
    const key = `${session.worker} ${session.task_id}`;
    rows.set(key, { ...rows.get(key), ...sessionRow(session) });
  }
  return { sessions: [...rows.values()], complete: complete && answers.every((answer) => answer.complete) };
}

function sessionRow({ room, state, worker, group, preset, launched_at, stages }: GatewaySession): SessionRow {
  const launchedAtMs = Date.parse(launched_at ?? "");
  return {
    ...{ room, state, worker, group },
    ...(preset !== undefined && { preset }),
    ...(!Number.isNaN(launchedAtMs) && { launchedAtMs }),
    ...(stages !== undefined && stages.length > 0 && { stages }),
  };
}
