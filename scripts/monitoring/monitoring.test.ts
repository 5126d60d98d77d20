import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { gatewayMetrics } from "../../operator/telemetry/gateway-metrics.ts";
import { createRegistry } from "../../operator/telemetry/metrics.ts";
import { operatorMetrics } from "../../operator/telemetry/operator-metrics.ts";
import { queriesOf } from "../../test/support/dashboard.ts";
import { selectorsIn } from "../../test/support/promql.ts";
import { alerts } from "./alerts.ts";
import { fleetDashboard } from "./dashboards/fleet.ts";
import { gatewayDashboard } from "./dashboards/gateway.ts";
import { rulesYaml } from "./rules.ts";

const runbooks = path.join(import.meta.dirname, "..", "..", "docs", "runbooks");

describe("runbooks", () => {
  it("exist for every alert, and for nothing else", () => {
    const pages = readdirSync(runbooks).filter((file) => file !== "README.md");
    expect(pages.sort()).toEqual(alerts.map(({ name }) => `${name}.md`).sort());
  });

  it.each(alerts.map(({ name }) => name))("%s has the four sections, and commands", (name) => {
    const page = readFileSync(path.join(runbooks, `${name}.md`), "utf8");
    const titles = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title).filter((title) => !title?.startsWith("#"));
    expect(titles).toEqual([name, "Meaning", "Impact", "Diagnosis", "Mitigation"]);
    expect(page).toMatch(/^kubectl /m);
  });
});

/** Labels of a series from the scrape, and of histograms. */
const FOREIGN_LABELS = ["job", "instance", "namespace", "pod", "container", "le"];

/** Labels by name of every series that operator and gateway export. */
function exported(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const create of [operatorMetrics, gatewayMetrics]) {
    const registry = createRegistry();
    create(registry);
    for (const metric of registry.getMetricsAsArray()) {
      const { name, labelNames = [], buckets } = metric as typeof metric & { labelNames?: string[]; buckets?: number[] };
      const names = buckets === undefined ? [name] : ["_bucket", "_sum", "_count"].map((suffix) => `${name}${suffix}`);
      for (const each of names) found.set(each, new Set([...(found.get(each) ?? FOREIGN_LABELS), ...labelNames]));
    }
    registry.clear();
  }
  return found;
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}

/** Series of Prometheus itself and of the DCGM exporter, with the labels that are used. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  ALERTS: ["alertname", "alertstate", "pool"],
  DCGM_FI_DEV_GPU_UTIL: [],
  DCGM_FI_DEV_FB_USED: [],
};

describe("expressions", () => {
  const rules: readonly Rule[] = parse(rulesYaml()).groups.flatMap((group: { readonly rules: readonly Rule[] }) => group.rules);
  const recorded = rules.flatMap(({ record }) => (record === undefined ? [] : [[record, new Set(FOREIGN_LABELS)] as const]));
  const foreign = Object.entries(FOREIGN).map(([name, labels]) => [name, new Set(labels)] as const);
  const known = new Map<string, ReadonlySet<string>>([...exported(), ...recorded, ...foreign]);

  const ofRules = rules.map(({ record, alert, expr }) => [record ?? alert ?? "", expr.replaceAll(/@\w+@/g, "0")] as const);
  const ofDashboards = [fleetDashboard(), gatewayDashboard()].flatMap((json) => queriesOf(JSON.parse(json)));

  it.each([...ofRules, ...ofDashboards])("of %s use exported metrics and labels", (_, expr) => {
    const selectors = selectorsIn(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const { metric, labels } of selectors) {
      expect(known.has(metric), `no process exports ${metric}`).toBe(true);
      expect(
        labels.filter((label) => !known.get(metric)?.has(label)),
        `labels of ${metric}`,
      ).toEqual([]);
    }
  });
});
