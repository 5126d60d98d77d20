/**
 * Nearest-rank percentile: the smallest of the values that `share` of them do not exceed.
 * @param ascending sorted values. The percentile of an empty list is 0.
 * @param share from 0 to 1.
 */
export function percentile(ascending: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * ascending.length));
  return ascending[rank - 1] ?? 0;
}
