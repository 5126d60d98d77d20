/** A rollout that must not go on by itself. */
export interface HeldBack {
  /** Hash of the template, as on the pods made from it. */
  readonly template: string;
  /** The start-up time on its workers that stopped it; undefined while it only waits for the first of them. */
  readonly startupMs: number | undefined;
}

/** As an annotation of the Deployment, where what stopped it outlives the operator. Undefined: there is nothing to remember. */
export function heldBackText({ template, startupMs }: HeldBack): string | undefined {
  return startupMs === undefined ? undefined : `${template} ${startupMs}`;
}

export function parseHeldBack(text: string | undefined): HeldBack | undefined {
  const [template, ms] = text?.split(" ") ?? [];
  const startupMs = Number(ms);
  return template === undefined || !Number.isFinite(startupMs) ? undefined : { template, startupMs };
}
