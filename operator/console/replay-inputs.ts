import { stringify } from "yaml";
import type { HistorySample, ReplayInputs } from "../api/console.ts";
import { formatDuration } from "../api/duration.ts";
import { API_GROUP_VERSION, KIND } from "../api/names.ts";
import type { PoolView } from "../pool/views.ts";
import { counted } from "../pool/wording.ts";
import { HIDDEN, hideSecrets } from "../workers/hide-secrets.ts";

/** Launches of one replay: the latest. */
const MAX_LAUNCHES = 20_000;
/** Limits of the estimated duration of a session. */
const SHORTEST_S = 5;
const LONGEST_S = 4 * 3_600;

/** The pool as a file, and launches as in these samples. @param stepMs time between two samples. */
export function replayInputs(view: PoolView, samples: readonly HistorySample[], stepMs: number): ReplayInputs {
  const kept = latest(samples);
  const fromMs = kept[0]?.atMs ?? 0;
  const durationS = meanDurationS(kept, stepMs);
  const launches = kept.flatMap(({ atMs, launches: count }) =>
    Array.from({ length: count }, (_, index) => ({
      arrivalS: (atMs - fromMs + ((index + 0.5) * stepMs) / count) / 1_000,
      durationS,
    })),
  );
  return { pool: poolFile(view), launches, fromMs, about: aboutOf(launches.length, durationS, stepMs) };
}

/** The latest samples that have at most {@link MAX_LAUNCHES} launches. */
function latest(samples: readonly HistorySample[]): readonly HistorySample[] {
  let launches = 0;
  const tooMany = samples.findLastIndex((sample) => {
    launches += sample.launches;
    return launches > MAX_LAUNCHES;
  });
  return samples.slice(tooMany + 1);
}

/** Mean session length in seconds by Little's law: sessions divided by arrivals per second. */
function meanDurationS(samples: readonly HistorySample[], stepMs: number): number {
  const launches = samples.reduce((sum, sample) => sum + sample.launches, 0);
  const sessions = samples.reduce((sum, sample) => sum + sample.sessions, 0);
  if (launches === 0) return SHORTEST_S;
  const seconds = Math.round((sessions * stepMs) / 1_000 / launches);
  return Math.max(SHORTEST_S, Math.min(LONGEST_S, seconds));
}

function aboutOf(launches: number, durationS: number, stepMs: number): string {
  if (launches === 0) return "The history has no launches yet.";
  const arrivals = `${counted(launches, "launch").replace(/launchs$/, "launches")}, spread evenly over each ${formatDuration(stepMs)}`;
  return `${arrivals}. Each session lasts ${formatDuration(durationS * 1_000)}: the mean number of sessions divided by the arrival rate.`;
}

/** The pool as YAML: what a user writes, without secrets. */
export function poolFile({ config: { namespace, name }, spec }: PoolView): string {
  const object = { apiVersion: API_GROUP_VERSION, kind: KIND, metadata: { name, namespace }, spec: withoutSecrets(spec) };
  return stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Values of environment variables may be secrets of any form. */
function withoutSecrets(value: unknown, isVariable = false): unknown {
  if (typeof value === "string") return hideSecrets(value);
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, isVariable));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    const hidden = isVariable && key === "value";
    return [key, hidden ? HIDDEN : withoutSecrets(item, key === "env")];
  });
  return Object.fromEntries(entries);
}
