import { poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CredentialsCheck } from "../credentials.ts";
import type { CreditsStore } from "../credits/credits-store.ts";
import type { ForecastStore } from "../forecast/forecast-store.ts";
import type { PoolMemory } from "../memory.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { PodEvents } from "../slow-starts/pod-events.ts";
import type { Snapshot } from "../snapshot.ts";
import type { VictimVerifier } from "../victim-verification.ts";
import type { PodView, PoolView } from "../views.ts";
import { buildSnapshot, type World } from "./build-snapshot.ts";

/** Everything that a reconcile reads. */
export interface Sources {
  readonly world: World;
  readonly credentials: Pick<CredentialsCheck, "of" | "problems">;
  readonly forecastStore: Pick<ForecastStore, "of">;
  readonly creditsStore: Pick<CreditsStore, "of">;
  readonly refusals: Pick<Refusals, "of">;
  readonly victims: Pick<VictimVerifier, "verdicts">;
  readonly podEvents: Pick<PodEvents, "latest">;
  /** Requests a reconcile of the pool. */
  readonly enqueue: (key: string) => void;
  readonly clock: Clock;
}

/**
 * Reads all that a plan of the pool needs. The requests go out together; the watches are read last, at one moment.
 * @throws KubeError if the API server does not respond and the pool's forecast or credits have not been read yet.
 */
export async function gather(sources: Sources, view: PoolView, memory: PoolMemory): Promise<Snapshot> {
  const { world, refusals, victims, podEvents, enqueue, clock } = sources;
  const { config } = view;
  const key = poolKey(config);
  const [credentials, secretProblems, forecasts, credits] = await Promise.all([
    sources.credentials.of(config),
    sources.credentials.problems(config),
    sources.forecastStore.of(config),
    sources.creditsStore.of(config),
  ]);
  const readings = {
    credentials,
    secretProblems,
    refusals: refusals.of(key),
    credits,
    verdicts: victims.verdicts(key),
    latestEvent: (pod: PodView) => podEvents.latest(pod, () => enqueue(key)),
    forecasts,
  };
  return buildSnapshot(world, view, readings, memory, clock.now());
}
