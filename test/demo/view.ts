import type { AvatarPoolStatus } from "../../operator/api/v1alpha1/index.ts";
import { groupRows, row, stateCounts, warmRow } from "../../operator/cli/status/rows.ts";
import { type ClientFigures, type StartUps, startKinds } from "./figures.ts";

/** The content of the terminal at one time. */
export interface View {
  readonly title: string;
  readonly elapsedMs: number;
  readonly status: AvatarPoolStatus;
  readonly clients: ClientFigures;
  readonly worker503: number;
  readonly sessionsKilled: number;
}

/** The live view as text. Pure: the same view gives the same text. */
export function render({ title, elapsedMs, status, clients, worker503, sessionsKilled }: View): string {
  const { groups = [], lastDecision } = status;
  const rows = [
    `AvatarPool demo   ${clock(elapsedMs)}   ${title}`,
    "",
    ...groups.flatMap((group) => groupRows(group)),
    "",
    warmRow(status),
    row("queue", `${clients.waiting} callers waiting`),
    row("launches", `${clients.launches} sent, ${clients.served} served`),
    row("503s", `from workers ${worker503}, to clients ${clients.client503}; other errors to clients: ${clients.clientErrors}`),
    row("sessions", `${sessionsKilled} killed`),
    ...startKinds.map((kind, n) => row(n === 0 ? "start-up" : "", `${kind.padEnd(10)} ${renderStartUps(clients.startUps[kind])}`)),
    row(
      "last decision",
      lastDecision === undefined
        ? "none yet"
        : `${lastDecision.group} ${lastDecision.from} -> ${lastDecision.to}: ${lastDecision.reason}`,
    ),
  ];
  return rows.map((line) => line.trimEnd()).join("\n");
}

/** The same content in one line, for a log. */
export function renderLine({ title, elapsedMs, status, clients, worker503 }: View): string {
  const groups = (status.groups ?? []).map((group) => `${group.name} ${stateCounts(group)}`);
  return [
    `${clock(elapsedMs)} ${title}: ${groups.join("; ")}`,
    `sessions ${status.sessions ?? 0}/${status.slots ?? 0}`,
    `${clients.waiting} waiting`,
    `503s: workers ${worker503}, clients ${clients.client503}`,
  ].join("; ");
}

export function renderStartUps({ count, p50Ms, p95Ms }: StartUps): string {
  const launches = `${String(count).padStart(4)} launches`;
  return p50Ms === undefined || p95Ms === undefined ? launches : `${launches}   p50 ${seconds(p50Ms)}   p95 ${seconds(p95Ms)}`;
}

function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  return `${String(Math.floor(total / 60)).padStart(2, "0")}:${String(total % 60).padStart(2, "0")}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(7);
}
