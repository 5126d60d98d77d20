import type { FieldProblem } from "../../operator/api/pool-file.ts";
import type { GeneratorName } from "../../operator/simulate/generate.ts";
import type { SimulationReport } from "../../operator/simulate/report.ts";

/** The launches to replay. */
export type LaunchSource =
  | {
      readonly kind: "recorded";
      readonly launches: readonly { readonly arrivalS: number; readonly durationS: number }[];
      readonly fromMs: number;
    }
  | { readonly kind: "csv"; readonly name: string; readonly text: string }
  | { readonly kind: "generated"; readonly generator: GeneratorName; readonly hours: number; readonly ratePerMinute: number };

/** What the page sends to its worker. One request per worker: the page ends the worker to cancel. */
export interface SimulationRequest {
  /** The edited pool as YAML. */
  readonly pool: string;
  /** The pool in the cluster as YAML. */
  readonly current?: string;
  readonly source: LaunchSource;
}

/** What the worker sends to the page: progress, then one result. */
export type SimulationMessage =
  /** `policy` is done, the `done`th of `of`. */
  | { readonly kind: "progress"; readonly policy: string; readonly done: number; readonly of: number }
  | { readonly kind: "done"; readonly report: SimulationReport }
  /** `problems`: the wrong fields, if the pool is wrong. */
  | {
      readonly kind: "failed";
      readonly input: "pool" | "launches";
      readonly message: string;
      readonly problems: readonly FieldProblem[];
    };

/** Longest pool file, in characters. The API server accepts no larger object. */
export const MOST_POOL_CHARS = 1_500_000;
/** Largest CSV file, in bytes. */
export const MOST_CSV_BYTES = 20_000_000;
/** Most launches of a replay: each policy then takes about ten seconds. */
export const MOST_LAUNCHES = 500_000;
