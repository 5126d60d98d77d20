import { setTimeout as sleep } from "node:timers/promises";
import type { GroupStatus } from "../../operator/api/v1alpha1/index.ts";
import { seededRandom } from "../support/fleet/random.ts";
import { Callers } from "./callers.ts";
import { clientFigures, percentile, pressureToPatchMs } from "./figures.ts";
import type { Options } from "./options.ts";
import type { Output } from "./output.ts";
import { type AvatarKind, type Phase, phaseAt, type Schedule, schedule } from "./schedule.ts";
import type { Stage } from "./stage.ts";
import type { Figures, GroupSizes } from "./summary.ts";
import { isBackTo, isWarm, Watch } from "./watch.ts";

export interface Result {
  readonly figures: Omit<Figures, "wallMs">;
  readonly clients: ReturnType<typeof clientFigures>;
  readonly sizes: readonly GroupSizes[];
}

const POLL_MS = 200;
/** Much longer than a cold start and warm-up. */
const WARM_LIMIT_MS = 120_000;
const FIRST_SESSION_SECONDS = 10;
/** Gateways may see a new pool later than the operator. */
const POOL_SEEN_MS = 500;

export const titles: Readonly<Record<Phase, string>> = {
  first: "cold start: workers load while the first two callers wait",
  steady: "steady load",
  burst: "burst beyond capacity",
  quiet: "quiet: waiting callers are served, then the pool shrinks",
};

/**
 * Runs the load on a new pool, from the cold start to the scale-down, and returns the figures.
 * @throws when the signal aborts, or if the pool does not become warm in time.
 */
export async function play(stage: Stage, options: Options, output: Pick<Output, "show">, signal: AbortSignal): Promise<Result> {
  const plan = schedule(options.loadSeconds, seededRandom(1, "demo"));
  const appliedAtMs = performance.now();
  let loadAtMs: number | undefined;
  const elapsedMs = () => performance.now() - (loadAtMs ?? appliedAtMs);
  const gatewayUrls = stage.gateways.map(({ url }) => url);
  await using callers = new Callers(gatewayUrls, stage.fleet);
  await using watch = new Watch(stage, () => {
    const title = titles[loadAtMs === undefined ? "first" : phaseAt(plan, elapsedMs())];
    const { refused503: worker503, sessionsKilled } = watch.totals;
    output.show({
      title,
      elapsedMs: elapsedMs(),
      status: watch.status,
      clients: clientFigures(callers.calls),
      worker503,
      sessionsKilled,
    });
  });

  const before = await becomeWarm(watch, callers, signal);
  const readyMs = performance.now();
  loadAtMs = readyMs;
  await callers.play(plan.launches, signal);
  const scaledDown = await shrink(watch, callers, { before, plan, loadAtMs }, signal);
  return resultOf(stage, watch, callers, { before, readyMs, scaledDown });
}

/** The first launches meet a pool without workers. Resolves when every worker is warm. */
async function becomeWarm(watch: Watch, callers: Callers, signal: AbortSignal): Promise<readonly GroupStatus[]> {
  await until(() => watch.status.groups !== undefined, WARM_LIMIT_MS, signal);
  await sleep(POOL_SEEN_MS, undefined, { signal });
  const avatars: readonly AvatarKind[] = ["maya", "leo"];
  for (const avatar of avatars) callers.call({ atMs: 0, phase: "first", avatar, sessionSeconds: FIRST_SESSION_SECONDS });
  const warm = await until(() => isWarm(watch.status), WARM_LIMIT_MS, signal);
  if (!warm) throw new Error(`the pool is not warm after ${WARM_LIMIT_MS / 1_000} s: ${conditions(watch)}`);
  return watch.status.groups ?? [];
}

/** Waits for the size before the load, at most until the end of the load. @returns whether it was reached. */
function shrink(
  watch: Watch,
  callers: Callers,
  { before, plan, loadAtMs }: { readonly before: readonly GroupStatus[]; readonly plan: Schedule; readonly loadAtMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const leftMs = loadAtMs + plan.endMs - performance.now();
  return until(() => callers.pending === 0 && isBackTo(before, watch.status), leftMs, signal);
}

async function resultOf(
  stage: Stage,
  watch: Watch,
  callers: Callers,
  {
    before,
    readyMs,
    scaledDown,
  }: { readonly before: readonly GroupStatus[]; readonly readyMs: number; readonly scaledDown: boolean },
): Promise<Result> {
  const clients = clientFigures(callers.calls);
  const { refused503: worker503, sessionsKilled } = await stage.fleet.totals();
  const { startUps, launches, served, client503, clientErrors } = clients;
  const figures = {
    startupP50Ms: startUps.warm.p50Ms ?? null,
    startupP95Ms: startUps.warm.p95Ms ?? null,
    startupOwnImageP50Ms: startUps["own image"].p50Ms ?? null,
    startupQueuedP50Ms: startUps.queued.p50Ms ?? null,
    startupQueuedP95Ms: startUps.queued.p95Ms ?? null,
    startupColdP50Ms: startUps.cold.p50Ms ?? null,
    launches,
    served,
    client503,
    clientErrors,
    worker503,
    sessionsKilled,
    pressureToPatchP95Ms: percentile(pressureToPatchMs(await stage.operator.log()), 0.95) ?? null,
    operatorMb: Math.round(watch.operatorMb),
    gatewayMb: Math.round(watch.gatewayMb),
    readyMs: Math.round(readyMs),
    scaledDown,
  };
  const after = new Map((watch.status.groups ?? []).map(({ name, desired }) => [name, desired]));
  const sizes = before.map(({ name, desired }) => ({
    name,
    before: desired,
    most: watch.mostWorkers.get(name) ?? desired,
    after: after.get(name) ?? 0,
  }));
  return { figures, clients, sizes };
}

function conditions({ status }: Watch): string {
  const broken = (status.conditions ?? []).filter(
    ({ type, status: holds }) => type !== "AtMaximum" && type !== "Paused" && holds !== "True",
  );
  return broken.map(({ type, message }) => `${type}: ${message}`).join("; ") || "its status has no condition with the reason";
}

/** @returns whether the condition held in time. @throws when the signal aborts. */
async function until(holds: () => boolean, limitMs: number, signal: AbortSignal): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() >= endMs) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
  return true;
}
