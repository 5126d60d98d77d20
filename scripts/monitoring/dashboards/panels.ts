import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import { BigValueGraphMode, LegendDisplayMode, StackingMode, VisibilityMode } from "@grafana/grafana-foundation-sdk/common";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

/** Panels by what they show. Every query has the dashboard's data source. */

export const dataSource = { type: "prometheus", uid: "$datasource" };

export interface Query {
  readonly expr: string;
  /** Grafana's template of a series' name, such as `{{pool}}`. */
  readonly legend: string;
  /** Marks single launches with links to their traces. */
  readonly exemplars?: boolean;
}

/** What all kinds of panels have. */
export interface PanelOptions {
  readonly title: string;
  readonly description?: string;
  /** Of `@grafana/grafana-foundation-sdk/units`. */
  readonly unit?: string;
  readonly queries: readonly Query[];
  /** Of the 24 columns. */
  readonly width?: number;
}

const HEIGHT = 8;

/** Lines over time. @param options `stacked`: series that add up. */
export function lines({ stacked = false, ...options }: PanelOptions & { readonly stacked?: boolean }): Builder<Panel> {
  const panel = new timeseries.PanelBuilder()
    .height(HEIGHT)
    .span(options.width ?? 8)
    .min(0)
    .showPoints(VisibilityMode.Never)
    .legend(new common.VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(common.LegendPlacement.Bottom))
    .targets(options.queries.map((query, at) => target(query, at)));
  if (stacked) panel.fillOpacity(25).stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal));
  return described(panel, options);
}

/** The latest number of each series. */
export function numbers(options: PanelOptions): Builder<Panel> {
  const panel = new stat.PanelBuilder()
    .height(HEIGHT)
    .span(options.width ?? 6)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .targets(options.queries.map((query, at) => target(query, at)));
  return described(panel, options);
}

/** A row for each series, with its labels. */
export function rows(options: PanelOptions): Builder<Panel> {
  const instant = ({ expr, legend }: Query, at: number) => target({ expr, legend }, at).instant().format(PromQueryFormat.Table);
  const panel = new table.PanelBuilder()
    .height(HEIGHT)
    .span(options.width ?? 8)
    .withTransformation({ id: "organize", options: { excludeByName: { Time: true, Value: true } } })
    .targets(options.queries.map(instant));
  return described(panel, options);
}

function target({ expr, legend, exemplars = false }: Query, at: number): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode("A".charCodeAt(0) + at))
    .expr(expr)
    .legendFormat(legend);
  return exemplars ? query.exemplar(true) : query;
}

type Any = timeseries.PanelBuilder | stat.PanelBuilder | table.PanelBuilder;

function described(panel: Any, { title, description, unit }: PanelOptions): Builder<Panel> {
  panel.title(title).datasource(dataSource);
  if (description !== undefined) panel.description(description);
  if (unit !== undefined) panel.unit(unit);
  return panel;
}
