import type { Shown } from "../../support/media/callers.ts";
import type { Call, MediaScenario } from "../../support/media/scenario.ts";
import { MediaStage } from "../../support/media/stage.ts";
import { ensureBundle } from "../../support/product/bundle.ts";
import type { ScenarioResult } from "../figures.ts";
import { percentileMs } from "./percentiles.ts";

const PAIRS = 30;
const WARM_UP_PAIRS = 5;

type Way = "gateway" | "direct";
type Time = keyof Omit<Shown, "failures">;

/** Launches of a preset on one warm worker, in turn through a gateway and direct, until the first frame at the client. */
export async function firstFrame(): Promise<ScenarioResult> {
  await ensureBundle(console.error);
  await using stage = await MediaStage.open({ build: "bundle" });
  const scenario = await stage.scenario("bench");
  await scenario.warmPool(1);
  const launchUrl = `${scenario.workers()[0]?.url}/launch`;
  const ways: Readonly<Record<Way, Call>> = { gateway: {}, direct: { launchUrl } };
  const shown: Record<Way, Shown[]> = { gateway: [], direct: [] };
  for (let n = 0; n < WARM_UP_PAIRS + PAIRS; n++) {
    // The order alternates, so that neither way is always the first of a pair.
    for (const way of n % 2 === 0 ? (["gateway", "direct"] as const) : (["direct", "gateway"] as const)) {
      const call = await oneCall(stage, scenario, `${way}-${n}`, ways[way]);
      if (n >= WARM_UP_PAIRS) shown[way].push(call);
    }
  }
  return result(shown);
}

/** One call at a time: the worker is idle again when it resolves. */
async function oneCall(stage: MediaStage, scenario: MediaScenario, room: string, call: Call): Promise<Shown> {
  const shown = await scenario.call(room, call);
  await scenario.endSessions();
  await stage.callers.hangUp(room);
  return shown;
}

function result(shown: Readonly<Record<Way, readonly Shown[]>>): ScenarioResult {
  const of = (way: Way, time: Time, share: number) =>
    percentileMs(
      shown[way].map((call) => call[time]),
      share,
    );
  const times = (way: Way) => {
    const both = (time: Time) => [of(way, time, 0.5), of(way, time, 0.95)];
    return {
      answeredMs: both("answeredMs"),
      joinedMs: both("joinedMs"),
      trackMs: both("trackMs"),
      firstFrameMs: both("firstFrameMs"),
    };
  };
  const added = (share: number) =>
    Math.round((of("gateway", "firstFrameMs", share) - of("direct", "firstFrameMs", share)) * 10) / 10;
  return {
    figures: [
      { name: "first frame through the gateway minus direct, p50, ms", value: added(0.5), limit: 8 },
      { name: "first frame through the gateway minus direct, p95, ms", value: added(0.95), limit: 20 },
      { name: "first frame of a preset on a warm worker, p95, ms", value: of("gateway", "firstFrameMs", 0.95), limit: 600 },
    ],
    // Each time as [p50, p95], from the start of the launch.
    details: { pairs: PAIRS, gateway: times("gateway"), direct: times("direct") },
  };
}
