import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { stringify } from "yaml";
import { run } from "../support/controlplane/run.ts";

export const PROMTOOL = "/usr/bin/promtool";

/** Series by name and labels, in promtool's notation, a sample per minute. */
export type Series = Readonly<Record<string, string>>;

/** A PromQL expression, and the samples that it must have. */
export interface Expected {
  readonly expr: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

/**
 * Fails with promtool's difference if an expression has other samples at this time.
 * @param rules files in the folder. @param at such as `10m`.
 */
export async function expectSamples(
  folder: string,
  {
    rules = [],
    series,
    at,
    expected,
  }: {
    readonly rules?: readonly string[];
    readonly series: Series;
    readonly at: string;
    readonly expected: readonly Expected[];
  },
): Promise<void> {
  const test = {
    rule_files: rules,
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: expected.map((each) => ({ ...each, eval_time: at })),
      },
    ],
  };
  const file = path.join(folder, "test.yaml");
  await writeFile(file, stringify(test));
  const { code, stdout, stderr } = await run(PROMTOOL, ["test", "rules", file], { env: process.env });
  expect(code, stdout + stderr).toBe(0);
}
