import { type ClientFigures, type StartKind, startKinds } from "./figures.ts";
import { seconds } from "./view.ts";

/** The figures of a run. Times are in ms; null if nothing was measured. */
export interface Figures {
  readonly startupP50Ms: number | null;
  readonly startupP95Ms: number | null;
  readonly startupOwnImageP50Ms: number | null;
  readonly startupQueuedP50Ms: number | null;
  readonly startupQueuedP95Ms: number | null;
  readonly startupColdP50Ms: number | null;
  readonly launches: number;
  readonly served: number;
  readonly client503: number;
  readonly clientErrors: number;
  readonly worker503: number;
  readonly sessionsKilled: number;
  readonly pressureToPatchP95Ms: number | null;
  readonly operatorMb: number;
  readonly gatewayMb: number;
  /** From the start of the demo until every worker was warm. */
  readonly readyMs: number;
  readonly scaledDown: boolean;
  readonly wallMs: number;
}

/** Sizes of a group during the run. */
export interface GroupSizes {
  readonly name: string;
  readonly before: number;
  readonly most: number;
  readonly after: number;
}

const explanation: Readonly<Record<StartKind, string>> = {
  warm: "a slot was free on a warm worker with the preset loaded",
  "own image": "a slot was free, but the worker first encoded an image of the caller",
  queued: "no slot was free: the launch waited for the end of a session or for a new worker",
  cold: "no worker was warm: a GPU worker starts in 30 s, a CPU worker in 20 s, then the avatar is loaded",
};

/** The figures as text. */
export function summary(figures: Figures, clients: ClientFigures, sizes: readonly GroupSizes[]): string {
  const ms = (value: number | null) => (value === null ? "-" : `${Math.round(value)} ms`);
  const time = (value: number | undefined) => (value === undefined ? "-" : seconds(value).trim()).padStart(8);
  const table = startKinds.map((kind) => {
    const { count, p50Ms, p95Ms } = clients.startUps[kind];
    return `  ${kind.padEnd(10)}${String(count).padStart(9)}${time(p50Ms)}${time(p95Ms)}   ${explanation[kind]}`;
  });
  return [
    "",
    "Start-up: from the request of the caller until the session runs (stand-in workers, real time)",
    `  ${"start".padEnd(10)}${"launches".padStart(9)}${"p50".padStart(8)}${"p95".padStart(8)}`,
    ...table,
    "",
    `Callers         ${figures.launches} launches, ${figures.served} served; ${figures.client503} responses 503, ${figures.clientErrors} other errors`,
    `Workers         sent ${figures.worker503} responses 503 to the gateways`,
    `Sessions        ${figures.sessionsKilled} killed`,
    `Growth          ${ms(figures.pressureToPatchP95Ms)} (p95) from the first launch without capacity to the patch of the Deployment`,
    `Scale-down      ${sizes.map(({ name, before, most, after }) => `${name} ${before} -> ${most} -> ${after}`).join(", ")}${
      figures.scaledDown ? "" : " (not finished)"
    }`,
    `Memory          operator ${figures.operatorMb} MB, gateway ${figures.gatewayMb} MB, peak resident`,
    `Ready           ${seconds(figures.readyMs).trim()} from the start of the demo to a warm pool; whole run ${seconds(figures.wallMs).trim()}`,
  ].join("\n");
}
