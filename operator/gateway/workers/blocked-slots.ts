/** The load of a worker to which LiveKit dispatches jobs. */
export interface JobLoad {
  readonly jobs: number;
  readonly load: number;
}

/**
 * Slots of a worker that are free by number and that its load blocks. A slot counts as free only if a job in it does not carry
 * the load over the threshold, where a job needs load / jobs. So a group grows before its workers refuse jobs.
 * @param threshold load from which on the worker takes no job.
 */
export function blockedSlots({ jobs, load }: JobLoad, slots: number, threshold: number): number {
  const free = Math.max(0, slots - jobs);
  if (load >= threshold) return free;
  return load === 0 || jobs === 0 ? 0 : Math.max(0, free - Math.floor((threshold - load) / (load / jobs)));
}
