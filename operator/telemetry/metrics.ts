import { setImmediate } from "node:timers/promises";
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
  type RegistryContentType,
} from "prom-client";
import packageFile from "../../package.json" with { type: "json" };

/**
 * Builders of metrics, and their exposition. Labels are bounded: pool, group and preset come from specs, all other values from
 * closed sets.
 */

/** Upper bounds of buckets in seconds. */
export const seconds = {
  short: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  long: [0.5, 1, 2, 3, 4, 4.5, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300],
  minutes: [1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 1_800, 3_600, 7_200],
};

/** Labels of a pool, as in kube-state-metrics. */
export const ofPool = ["namespace", "pool"] as const;

export type MetricsRegistry = Registry<OpenMetricsContentType>;

/**
 * A registry whose histograms may have exemplars. {@link exposition} renders it.
 * @param options `process: false` omits the metrics of the process itself, which need timers.
 */
export function createRegistry(options: { readonly process: boolean } = { process: true }): MetricsRegistry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  if (options.process) collectDefaultMetrics({ register: registry });
  return registry;
}

export type Define = ReturnType<typeof metricsIn>;

/** Builders of metrics that are registered here. */
export function metricsIn(registry: MetricsRegistry) {
  const registers = [registry];
  return {
    counter: <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    /** @param collect sets the gauge at each scrape. */
    gauge: <Label extends string = never>(
      name: string,
      help: string,
      labelNames: readonly Label[] = [],
      collect?: (gauge: Gauge<Label>) => void,
    ) =>
      new Gauge({
        ...{ name, help, labelNames, registers },
        ...(collect && {
          collect() {
            collect(this);
          },
        }),
      }),
    histogram: <Label extends string = never>(name: string, help: string, labelNames: readonly Label[], buckets: number[]) =>
      new Histogram({ name, help, labelNames, buckets, registers }),
    launchHistogram: <Label extends string>(name: string, help: string, labelNames: readonly Label[], buckets: number[]) =>
      new LaunchHistogram({ name, help, labelNames, buckets, registers, enableExemplars: true }),
  };
}

/** The metrics that both processes export. */
export function commonMetrics({ counter, gauge, histogram }: Define) {
  gauge("avatarpool_build_info", "Always 1. The label is the version of AvatarPool.", ["version"]).set(
    { version: packageFile.version },
    1,
  );
  return {
    watchRestarts: counter(
      "avatarpool_watch_restarts_total",
      "Number of watches that ended and were reopened, by kind and cause.",
      ["kind", "cause"],
    ),
    apiRequests: counter(
      "rest_client_requests_total",
      "Number of requests to the API server, by HTTP method and by status code; <error> stands for no response.",
      ["method", "code"],
    ),
    apiRequestSeconds: histogram(
      "rest_client_request_duration_seconds",
      "Seconds until the API server's response begins, by HTTP method.",
      ["method"],
      [...seconds.short, 5, 10, 30],
    ),
  };
}

/** Counts the attempts of an API client. */
export function countAttempts({ apiRequests, apiRequestSeconds }: ReturnType<typeof commonMetrics>) {
  return (method: string, code: string, tookMs: number): void => {
    apiRequests.inc({ method, code });
    apiRequestSeconds.observe({ method }, tookMs / 1_000);
  };
}

/** A histogram of launches. An observation may name the launch's trace as its exemplar. */
export class LaunchHistogram<Label extends string> extends Histogram<Label> {
  observeLaunch(labels: Partial<Record<Label, string>>, value: number, traceId: string | undefined): void {
    // prom-client's type of exemplars has the labels of the metric.
    const exemplarLabels = (traceId === undefined ? {} : { trace_id: traceId }) as Partial<Record<Label, string>>;
    this.observe({ labels, value, exemplarLabels });
  }
}

const END = "# EOF\n";
/** After so much text, other work runs. A thousand pools make 6 MB in 0.3 s. */
const PART_LENGTH = 100_000;

/**
 * The text of a scrape: OpenMetrics with exemplars if the `Accept` header asks for it, else the text format.
 * prom-client renders a registry in one format and in one go, and its OpenMetrics renderer renames counters. Each scrape
 * therefore renders one metric after the other, each as an object that inherits from the metric.
 */
export async function exposition(
  registry: MetricsRegistry,
  accept = "",
): Promise<{ readonly contentType: string; readonly text: string }> {
  const isOpenMetrics = accept.includes("application/openmetrics-text");
  const contentType = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const parts: string[] = [];
  let length = 0;
  for (const { name } of registry.getMetricsAsArray()) {
    const one = new Registry<RegistryContentType>();
    one.setContentType(contentType);
    one.registerMetric(Object.create(registry.getSingleMetric(name) ?? null));
    const text = await one.metrics();
    parts.push(isOpenMetrics ? text.slice(0, -END.length) : text);
    length += text.length;
    if (length < PART_LENGTH) continue;
    length = 0;
    await setImmediate();
  }
  return { contentType, text: `${parts.join("")}${isOpenMetrics ? END : ""}` };
}
