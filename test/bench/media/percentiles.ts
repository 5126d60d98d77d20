/** Nearest rank, in ms with one decimal: the smallest value such that at least `share` of all values do not exceed it. */
export function percentileMs(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  const value = ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1] ?? Number.NaN;
  return Math.round(value * 10) / 10;
}
