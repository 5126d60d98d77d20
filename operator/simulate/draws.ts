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
 * Length of a call in seconds: lognormal with a median of 120 s and a mean of 188 s. Brown et al., "Statistical analysis of a
 * telephone call center" (2005), found lognormal service times.
 */
export function callLengthS(random: Random): number {
  return lognormal(random, 4.784, 0.953);
}
