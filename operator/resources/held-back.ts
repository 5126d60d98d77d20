/** A rollout that the operator pauses. */
export interface HeldBack {
  /** Hash of the template, as in the label of its pods. */
  readonly template: string;
  /** The slow start-up time that stopped the rollout; undefined while it waits for the first start-ups. */
  readonly startupMs: number | undefined;
}

/** Value of the annotation that keeps the reason over a restart of the operator. Undefined if there is nothing to keep. */
export function heldBackText({ template, startupMs }: HeldBack): string | undefined {
  return startupMs === undefined ? undefined : `${template} ${startupMs}`;
}

export function parseHeldBack(text: string | undefined): HeldBack | undefined {
  const [template, ms] = text?.split(" ") ?? [];
  const startupMs = Number(ms);
  return template === undefined || !Number.isFinite(startupMs) ? undefined : { template, startupMs };
}
