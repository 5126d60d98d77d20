import { setTimeout as sleep } from "node:timers/promises";
import type { Shown } from "../support/media/callers.ts";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import type { MediaPhase, MediaResult } from "./media-summary.ts";
import type { Output } from "./output.ts";
import { NAMESPACE } from "./sample-pool.ts";

const WORKERS = 2;
const MAX_WORKERS = 3;
const WARM_CALLS = 4;
const BURST_CALLS = 8;
const CALL_MS = 4_000;
const WARM_INTERVAL_MS = 1_500;

/**
 * Calls with real media: LiveKit, CPU workers that draw a test card, and agents that launch with the maker's plugin.
 * @param cleanup receives every started part.
 * @throws when the signal aborts between two steps, or the error of a step.
 */
export async function playMedia(cleanup: AsyncDisposableStack, output: Output, signal: AbortSignal): Promise<MediaResult> {
  const { progress } = output;
  await ensureBundle(progress);
  signal.throwIfAborted();
  const stage = cleanup.use(await MediaStage.open({ build: "bundle", webhooks: [`${NAMESPACE}/pool`], progress }));
  signal.throwIfAborted();
  const scenario = await stage.scenario(NAMESPACE);
  progress("kubectl apply -f pool.yaml");
  const livekit = { url: stage.livekit.url, apiKeyRef: { name: "livekit" }, abandonedAfter: "5s" };
  await scenario.readyPool(scenario.spec({ min: WORKERS, max: MAX_WORKERS }, { livekit }));

  let longestGapMs = 0;
  const calls: Record<MediaPhase, Shown[]> = { first: [], warm: [], burst: [] };
  const call = async (phase: MediaPhase, n: number) => {
    signal.throwIfAborted();
    const room = `${phase}-${n}`;
    const shown = await scenario.call(room, { gateway: stage.gateways[n % stage.gateways.length] });
    progress(`${phase} call ${n + 1}: first frame after ${Math.round(shown.firstFrameMs)} ms`);
    calls[phase].push(shown);
    await sleep(CALL_MS, undefined, { signal });
    for (const avatar of await stage.callers.watch(room)) longestGapMs = Math.max(longestGapMs, avatar.longestGapMs);
    await stage.callers.hangUp(room);
  };
  await call("first", 0);
  await idle(scenario);
  await scenario.warm(WORKERS);
  progress(`${WORKERS} workers are warm: ${WARM_CALLS} calls, one after the other`);
  await many(WARM_CALLS, (n) => sleep(n * WARM_INTERVAL_MS, undefined, { signal }).then(() => call("warm", n)));
  await idle(scenario);
  progress(`${BURST_CALLS} calls at once on ${WORKERS * 2} slots: the others wait for a slot`);
  await many(BURST_CALLS, (n) => call("burst", n));
  return { calls, longestGapMs };
}

function many(count: number, call: (n: number) => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, (_, n) => call(n)));
}

/** The sessions of the calls have ended: their agents have left. */
function idle(scenario: MediaScenario): Promise<void> {
  return scenario.until("the sessions to end", async () => (await scenario.activeTasks()).length === 0);
}
