import type { HistorySample } from "../../api/console.ts";
import { type ObjectKey, refOf } from "../../kube/types.ts";

type Figure = Exclude<keyof HistorySample, "atMs">;

/** Outcomes of launches that got an error because capacity was short. */
const SHORT = ["queue_full", "deadline_exceeded", "gateway_busy"].join("|");

/** A level is the largest of a step, a counter its increase in the step. Only the leading operator exports levels. */
const figures: Readonly<Record<Figure, (on: string, range: string) => string>> = {
  sessions: (on, range) => `sum(max by (preset) (max_over_time(avatarpool_sessions{${on}}[${range}])))`,
  slots: (on, range) => `sum(max by (state) (max_over_time(avatarpool_slots{${on}}[${range}])))`,
  // Presets of the same groups share slots, so that a sum would count these several times.
  warmSlots: (on, range) => `max(max_over_time(avatarpool_warm_slots{${on}}[${range}]))`,
  warmWanted: (on, range) => `max(max_over_time(avatarpool_warm_slots_wanted{${on}}[${range}]))`,
  replicas: (on, range) => `sum(max by (group) (max_over_time(avatarpool_group_desired_replicas{${on}}[${range}])))`,
  queued: (on, range) => `max(max_over_time(avatarpool_queued_launches{${on}}[${range}]))`,
  launches: (on, range) => `sum(increase(avatarpool_launches_total{${on},path!="repeated"}[${range}]))`,
  worker503: (on, range) => `sum(increase(avatarpool_worker_503_total{${on}}[${range}]))`,
  refused: (on, range) => `sum(increase(avatarpool_launches_total{${on},outcome=~"${SHORT}"}[${range}]))`,
  waited: (on, range) => `sum(increase(avatarpool_launches_total{${on},path="queued"}[${range}]))`,
  startupP95Ms: (on, range) =>
    `1000 * histogram_quantile(0.95, sum by (le) (increase(avatarpool_startup_duration_seconds_bucket{${on}}[${range}])))`,
};

export const figureNames = Object.keys(figures) as readonly Figure[];

/** The PromQL expression of a figure of a pool, over steps of this length. */
export function expressionOf(figure: Figure, pool: ObjectKey, stepMs: number): string {
  const { namespace, name } = refOf(pool);
  const on = `namespace=${JSON.stringify(namespace)},pool=${JSON.stringify(name)}`;
  return figures[figure](on, `${stepMs / 1_000}s`);
}

/** Values by time in ms. A missing value is NaN or absent. */
export type Series = ReadonlyMap<number, number>;

/**
 * The samples of the steps that end at these times. A step without a value of the levels was not scraped, and has no sample.
 * @param of the series of a figure.
 */
export function samplesOf(endsMs: readonly number[], stepMs: number, of: (figure: Figure) => Series): readonly HistorySample[] {
  return endsMs.flatMap((endMs) => {
    const figureAt = (figure: Figure) => of(figure).get(endMs) ?? Number.NaN;
    const countAt = (figure: Figure) => Math.round(figureAt(figure)) || 0;
    if (Number.isNaN(figureAt("slots"))) return [];
    const p95Ms = figureAt("startupP95Ms");
    return {
      atMs: endMs - stepMs,
      sessions: countAt("sessions"),
      slots: countAt("slots"),
      warmSlots: countAt("warmSlots"),
      warmWanted: countAt("warmWanted"),
      replicas: countAt("replicas"),
      queued: countAt("queued"),
      launches: countAt("launches"),
      worker503: countAt("worker503"),
      refused: countAt("refused"),
      waited: countAt("waited"),
      ...(Number.isFinite(p95Ms) && { startupP95Ms: Math.round(p95Ms) }),
    };
  });
}
