import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import type { Random } from "../../../operator/runtime/clock.ts";
import { seededRandom } from "../../../operator/runtime/random.ts";
import { callLengthS } from "../../../operator/simulate/draws.ts";
import type { Trace } from "../../../operator/simulate/trace.ts";
import { parseTrace } from "../../../operator/simulate/trace-csv.ts";
import { arrivalsOfRates, parseRates } from "./rates.ts";

/** A trace of real arrivals. */
export interface BenchTrace {
  readonly name: string;
  /** Description of the changes to the source. */
  readonly preparation: string;
  load(folder: string): Trace;
}

const SEED = 2_026;
const CAP_S = 1_800;
const KEPT_BATCHES = 0.05;

const capped = `durations capped at ${CAP_S} s`;
const drawn = `durations drawn: lognormal, mu 4.784, sigma 0.953, ${capped}`;

export const benchTraces: readonly BenchTrace[] = [
  sessions("bikeshare_sf_2014h1"),
  sessions("valleybike_2020_06"),
  sessions("valleybike_2020_12"),
  {
    name: "azure_llm_2023_conv",
    preparation: `not thinned; ${drawn}`,
    load: (folder) => read(folder, "azure_llm_2023_conv", calls("llm")),
  },
  {
    name: "azure_vm_2017_dev",
    preparation: `thinned by batch, ${KEPT_BATCHES * 100}% of the batches kept; ${capped}, also for missing durations`,
    load: (folder) =>
      keepBatches(
        read(folder, "azure_vm_2017_dev", () => CAP_S),
        KEPT_BATCHES,
      ),
  },
  servegen("servegen_m_small", "language/m-small", 2),
  servegen("servegen_mm_image", "multimodal/mm-image", 6),
];

function sessions(name: string): BenchTrace {
  return { name, preparation: `not thinned; ${capped}`, load: (folder) => read(folder, name, () => CAP_S) };
}

/** Rates of a service with thousands of requests per second, scaled down to a pool of avatars. */
function servegen(name: string, workload: string, perMinute: number): BenchTrace {
  return {
    name,
    preparation: `rates scaled to ${perMinute} launches per minute on average; Gamma renewal with each window's coefficient of variation (at most 10), windows without data repeat the previous one; ${drawn}`,
    load(folder) {
      const windows = parseRates(unzipped(folder, "servegen_rates_dev"), workload);
      const random = seededRandom(SEED, name);
      const arrivalS = Float64Array.from(arrivalsOfRates(windows, perMinute / 60, random));
      const length = calls(name);
      return { name, arrivalS, durationS: arrivalS.map(() => Math.min(CAP_S, length())) };
    },
  };
}

function calls(name: string): () => number {
  const random: Random = seededRandom(SEED, `${name} durations`);
  return () => callLengthS(random);
}

function read(folder: string, name: string, missingS: () => number): Trace {
  return parseTrace(name, unzipped(folder, name), { capS: CAP_S, missingS });
}

function unzipped(folder: string, name: string): string {
  return gunzipSync(readFileSync(path.join(folder, `${name}.csv.gz`))).toString();
}

/** Sessions that arrive in the same second are one batch and are kept or dropped together, so bursts keep their height. */
function keepBatches(trace: Trace, share: number): Trace {
  const random = seededRandom(SEED, trace.name);
  let batchS = -1;
  let isKept = false;
  const kept = Array.from(trace.arrivalS.keys()).filter((row) => {
    const arrivalS = trace.arrivalS[row] ?? 0;
    if (arrivalS !== batchS) isKept = random() < share;
    batchS = arrivalS;
    return isKept;
  });
  return {
    name: trace.name,
    arrivalS: Float64Array.from(kept, (row) => trace.arrivalS[row] ?? 0),
    durationS: Float64Array.from(kept, (row) => trace.durationS[row] ?? 0),
  };
}
