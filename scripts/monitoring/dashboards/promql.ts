/** Expressions that several panels use. */

/** A gauge that the leader exports. For a moment after an election, two operators may export it. */
export const gauge = (by: string, metric: string, where: string): string => `max by (${by}) (${metric}{${where}})`;

/** Counts per second. Each gateway counts its own launches. */
export const perSecond = (by: string, metric: string, where: string): string =>
  `sum by (${by}) (rate(${metric}{${where}}[$__rate_interval]))`;

/** @param range of rare events longer than the rate interval. */
export const quantile = (q: number, by: string, metric: string, where: string, range = "$__rate_interval"): string =>
  `histogram_quantile(${q}, sum by (${by === "" ? "le" : `${by}, le`}) (rate(${metric}_bucket{${where}}[${range}])))`;
