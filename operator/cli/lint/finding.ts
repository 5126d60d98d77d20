/** Something that `avatarpool lint` found in a pool file. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly severity: "error" | "advice";
  /** Id of the rule. */
  readonly rule: string;
  /** Such as `spec.workers[0].max`; empty for the whole object. */
  readonly path: string;
  /** What is wrong and why. */
  readonly why: string;
  readonly cure: string;
}

/** A finding before its place in a file is known. */
export type Remark = Pick<Finding, "rule" | "path" | "why" | "cure">;

/** A check that did not run. */
export interface Skipped {
  readonly check: string;
  readonly why: string;
}
