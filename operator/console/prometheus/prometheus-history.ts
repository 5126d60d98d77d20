import { z } from "zod";
import type { History } from "../../api/console.ts";
import type { ObjectKey } from "../../kube/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { expressionOf, figureNames, type Series, samplesOf } from "./figures.ts";

/** An increase needs two scrapes within a step, and scrapes are usually 15 or 30 s apart. */
const MIN_STEP_MS = 60_000;
const MOST_STEPS = 400;
const LONGEST_MS = 14 * 24 * 3_600_000;
const TIMEOUT_MS = 10_000;

const matrix = z.object({
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })).max(1),
  }),
});

/** The history of pools from a Prometheus server that scrapes this release. */
export class PrometheusHistory {
  readonly #url: string;
  readonly #logger: Logger;

  /** @param deps.url the server's base URL. */
  constructor({ url, logger }: { readonly url: string; readonly logger: Logger }) {
    this.#url = url.replace(/\/+$/, "");
    this.#logger = logger;
  }

  /** At most 400 samples of the last 14 days. Undefined if the server does not respond, which is logged. */
  async between(pool: ObjectKey, fromMs: number, toMs: number): Promise<Pick<History, "stepMs" | "samples"> | undefined> {
    const startMs = Math.max(fromMs, toMs - LONGEST_MS);
    const stepMs = MIN_STEP_MS * Math.max(1, Math.ceil((toMs - startMs) / MOST_STEPS / MIN_STEP_MS));
    const firstMs = Math.ceil(startMs / stepMs) * stepMs + stepMs;
    const endsMs: number[] = [];
    for (let endMs = firstMs; endMs <= toMs; endMs += stepMs) endsMs.push(endMs);
    if (endsMs.length === 0) return undefined;
    const range = { start: firstMs / 1_000, end: (endsMs.at(-1) ?? firstMs) / 1_000, step: stepMs / 1_000 };
    try {
      const series = await Promise.all(
        figureNames.map(async (figure) => [figure, await this.#query(expressionOf(figure, pool, stepMs), range)] as const),
      );
      const byFigure = new Map(series);
      return { stepMs, samples: samplesOf(endsMs, stepMs, (figure) => byFigure.get(figure) ?? new Map()) };
    } catch (error) {
      this.#logger.warn({ err: error, pool }, "failed to read the history from Prometheus");
      return undefined;
    }
  }

  async #query(query: string, range: Readonly<Record<string, number>>): Promise<Series> {
    const parameters = Object.fromEntries(Object.entries(range).map(([name, value]) => [name, String(value)]));
    const response = await fetch(`${this.#url}/api/v1/query_range`, {
      method: "POST",
      body: new URLSearchParams({ query, ...parameters }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`Prometheus responded with ${response.status}: ${(await response.text()).slice(0, 200)}`);
    const { data } = matrix.parse(await response.json());
    return new Map(data.result[0]?.values.map(([atS, value]) => [Math.round(atS * 1_000), Number(value)]));
  }
}
