import type { Random } from "../runtime/clock.ts";

/** Random draws for the generators. */

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Standard normal, by the Box-Muller method. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function lognormal(random: Random, mu: number, sigma: number): number {
  return Math.exp(mu + sigma * normal(random));
}

/**
 * Gamma with the given shape and scale (mean: shape times scale), by Marsaglia and Tsang, "A simple method for generating
 * gamma variables" (2000). Shapes below 1 use their boost.
 */
export function gamma(random: Random, shape: number, scale: number): number {
  if (shape < 1) return gamma(random, shape + 1, scale) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v * scale;
  }
}

/**
 * Length of a call in seconds: lognormal with a median of 120 s and a mean of 188 s. Brown et al., "Statistical analysis of a
 * telephone call center" (2005), found lognormal service times.
 */
export function callLengthS(random: Random): number {
  return lognormal(random, 4.784, 0.953);
}
