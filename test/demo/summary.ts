import { type ClientFigures, type StartKind, startKinds } from "./figures.ts";
import { seconds } from "./view.ts";

/** The figures at the end of a run. Times in ms, from where their name says; null where nothing was measured. */
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

/** How the groups' sizes went, for the summary. */
export interface GroupSizes {
  readonly name: string;
  readonly before: number;
  readonly most: number;
  readonly after: number;
}

const explanation: Readonly<Record<StartKind, string>> = {
  warm: "a slot was free on a worker that has been running for long and has the preset loaded",
  "own image": "the same, but the caller brought an image, which is encoded at its first use on a worker",
  queued: "no slot was free: waited until a session ended or a new worker had started",
  cold: "no worker was warm yet: a GPU worker needs 30 s to start, a CPU worker 20 s, then the avatar is loaded",
};

/** The table for a person. */
export function summary(figures: Figures, clients: ClientFigures, sizes: readonly GroupSizes[]): string {
  const ms = (value: number | null) => (value === null ? "-" : `${Math.round(value)} ms`);
  const time = (value: number | undefined) => (value === undefined ? "-" : seconds(value).trim()).padStart(8);
  const table = startKinds.map((kind) => {
    const { count, p50Ms, p95Ms } = clients.startUps[kind];
    return `  ${kind.padEnd(10)}${String(count).padStart(9)}${time(p50Ms)}${time(p95Ms)}   ${explanation[kind]}`;
  });
  return [
    "",
    "Start-up, from the caller's request until its session ran on the worker (stand-in workers, real seconds)",
    `  ${"found".padEnd(10)}${"launches".padStart(9)}${"p50".padStart(8)}${"p95".padStart(8)}`,
    ...table,
    "",
    `Callers         ${figures.launches} launches, ${figures.served} served; ${figures.client503} answers 503, ${figures.clientErrors} other errors`,
    `Workers         answered 503 ${figures.worker503} times; the gateways kept that from the callers`,
    `Sessions        ${figures.sessionsKilled} killed`,
    `Growth          ${ms(figures.pressureToPatchP95Ms)} (p95) from the first launch that met short capacity to the Deployment's new size`,
    `Scale-down      ${sizes.map(({ name, before, most, after }) => `${name} ${before} -> ${most} -> ${after}`).join(", ")}${
      figures.scaledDown ? "" : " (not finished)"
    }`,
    `Memory          operator ${figures.operatorMb} MB, gateway ${figures.gatewayMb} MB, resident at most`,
    `Ready           ${seconds(figures.readyMs).trim()} from the demo's start to a warm pool; the whole run took ${seconds(figures.wallMs).trim()}`,
  ].join("\n");
}
