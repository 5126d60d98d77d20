import { type AutoTarget, autoTarget, forecastIntervalMs } from "../../scaling/auto-target.ts";
import { Forecaster, type SavedForecaster } from "../../scaling/forecast/forecaster.ts";
import { type SavedTimeToWarm, TimeToWarm } from "../../scaling/forecast/time-to-warm.ts";
import type { ServingSet } from "../../scaling/serving-sets.ts";
import { servingSetsOf } from "../planning/demand.ts";
import { busyOn, type GroupSnapshot, type Observed } from "../snapshot.ts";
import { isWarm } from "../warmup/warmth.ts";

/** The forecast of a pool as it is saved. */
export interface SavedForecasts {
  /** By key of the serving set. */
  readonly sets: Readonly<Record<string, SavedForecaster>>;
  /** By group. */
  readonly groups: Readonly<Record<string, SavedTimeToWarm>>;
}

/** Learns the demand of one pool, by serving set, and how long its workers take to be warm. */
export class Forecasts {
  readonly #sets = new Map<string, { readonly objective: number; readonly forecaster: Forecaster }>();
  readonly #groups = new Map<string, TimeToWarm>();
  readonly #saved: SavedForecasts | undefined;
  #last: ReadonlyMap<string, AutoTarget> = new Map();
  /** Launches that the forecast has counted. */
  launches = 0;

  constructor(saved?: SavedForecasts) {
    this.#saved = saved;
  }

  /** Learns from what was observed. @returns by key of the serving set: what is to be kept warm for it. */
  next(snapshot: Observed): ReadonlyMap<string, AutoTarget> {
    const { pool, load } = snapshot;
    if (pool.warm.slots.kind !== "auto") return new Map();
    for (const group of snapshot.groups) this.#learnTimeToWarm(group);
    // Without a gateway nothing is known of launches, and no launch is not the same.
    if (load.gatewaysConnected === 0) return this.#last;
    const sets = servingSetsOf(pool);
    const known = new Set(sets.map(({ key }) => key));
    for (const key of this.#sets.keys()) if (!known.has(key)) this.#sets.delete(key);
    const objective = pool.objective.launchSuccessPercent / 100;
    const forecasters = new Map(sets.map(({ key }) => [key, this.#forecaster(key, objective)]));
    this.#last = new Map(sets.map((set) => [set.key, this.#targetOf(snapshot, set, forecasters)]));
    this.launches = [...load.launches.values()].reduce((sum, { arrived }) => sum + arrived, 0);
    return this.#last;
  }

  /** When to look again though nothing is told: demand is forecast anew as time passes. */
  dueMs({ pool, groups, load }: Observed): number | undefined {
    if (pool.warm.slots.kind !== "auto") return undefined;
    return forecastIntervalMs(load.queued.size > 0 || groups.some(({ members }) => busyOn(members) > 0));
  }

  save(): SavedForecasts {
    return {
      sets: Object.fromEntries([...this.#sets].map(([key, { forecaster }]) => [key, forecaster.save()])),
      groups: Object.fromEntries([...this.#groups].map(([name, timeToWarm]) => [name, timeToWarm.save()])),
    };
  }

  /** Another objective asks for another price; what is known of the demand stays. */
  #forecaster(key: string, objective: number): Forecaster {
    const known = this.#sets.get(key);
    if (known?.objective === objective) return known.forecaster;
    const forecaster = new Forecaster(objective, known?.forecaster.save() ?? this.#saved?.sets[key]);
    this.#sets.set(key, { objective, forecaster });
    return forecaster;
  }

  #targetOf(snapshot: Observed, set: ServingSet, forecasters: ReadonlyMap<string, Forecaster>): AutoTarget {
    const objective = snapshot.pool.objective.launchSuccessPercent;
    const forecaster = this.#forecaster(set.key, objective / 100);
    const groups = snapshot.groups.filter(({ config }) => set.groups.includes(config.name));
    // The group that is filled first is the one that grows.
    const { slotsPerWorker = 1, coldStartMs = 0, name = "" } = groups[0]?.config ?? {};
    const timeToWarmS = this.#groups.get(name)?.p95S ?? coldStartMs / 1_000;
    const share = shareOf(snapshot, set, forecasters);
    const sample = sampleOf(snapshot, set, groups, slotsPerWorker, share);
    const shape = { slotsPerWorker, timeToWarmS };
    return autoTarget(forecaster.next(sample, shape), sample, shape, objective);
  }

  #learnTimeToWarm({ config, members }: GroupSnapshot): void {
    const known = this.#groups.get(config.name) ?? new TimeToWarm(this.#saved?.groups[config.name]);
    this.#groups.set(config.name, known);
    const warm = members.pods.filter(isWarm);
    known.see(
      new Map(warm.map(({ uid, warmSinceMs = 0, createdAtMs }) => [uid, (warmSinceMs - createdAtMs) / 1_000])),
      config.coldStartMs / 1_000,
    );
  }
}

/** Sessions tell no preset: where sets share groups, each is taken to have as large a share of them as it has of the launches. */
function shareOf(snapshot: Observed, set: ServingSet, forecasters: ReadonlyMap<string, Forecaster>): number {
  const rivals = servingSetsOf(snapshot.pool).filter(({ groups }) => groups.some((name) => set.groups.includes(name)));
  const rate = (key: string) => forecasters.get(key)?.meanPerS ?? 0;
  const total = rivals.reduce((sum, { key }) => sum + rate(key), 0);
  return total === 0 ? 1 : rate(set.key) / total;
}

function sampleOf(
  { load, nowMs }: Observed,
  set: ServingSet,
  groups: readonly GroupSnapshot[],
  slotsPerWorker: number,
  share: number,
) {
  const counts = set.presets.map((preset) => load.launches.get(preset) ?? { arrived: 0, missed: 0, started: 0 });
  const total = (value: (group: GroupSnapshot) => number) => groups.reduce((sum, group) => sum + value(group), 0);
  const busy = total(({ members }) => busyOn(members));
  const sessions = Math.round(busy * share);
  // In workers of the first group, without the slots that other sets' sessions take.
  const inWorkers = (slots: number) => Math.max(0, Math.floor((slots - (busy - sessions)) / slotsPerWorker));
  return {
    nowS: nowMs / 1_000,
    arrived: counts.reduce((sum, { arrived }) => sum + arrived, 0),
    missed: counts.reduce((sum, { missed }) => sum + missed, 0),
    started: counts.reduce((sum, { started }) => sum + started, 0),
    sessions,
    queued: set.presets.reduce((sum, preset) => sum + (load.queued.get(preset) ?? 0), 0),
    workers: inWorkers(
      total(({ config, deployment }) => (deployment.kind === "own" ? deployment.view.replicas : 0) * config.slotsPerWorker),
    ),
    warmWorkers: inWorkers(total(({ config, members }) => members.pods.filter(isWarm).length * config.slotsPerWorker)),
  };
}
