import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { dataSource } from "./panels.ts";

/** The parts that both dashboards have. */

/** Matchers of the chosen pools. `job` keeps two releases apart. */
export const CHOSEN_POOLS = 'job="$job",namespace=~"$namespace",pool=~"$pool"';

export interface BoardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly QueryVariableBuilder[];
  readonly rows: Readonly<Record<string, readonly Builder<Panel>[]>>;
}

const TAG = "avatarpool";

/** A dashboard as JSON, in a stable order. */
export function board({ uid, title, description, variables, rows }: BoardOptions): string {
  const dashboard = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .time({ from: "now-6h", to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .link(new DashboardLinkBuilder("AvatarPool").type(DashboardLinkType.Dashboards).tags([TAG]).includeVars(true).keepTime(true))
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .annotation(annotation("Decisions", "blue", DECISIONS, "{{pool}} {{group}} {{direction}}"))
    .annotation(annotation("Alerts", "red", ALERTS, "{{alertname}} {{pool}}"));
  for (const variable of [job, namespace, pool, ...variables]) dashboard.withVariable(variable);
  for (const [name, panels] of Object.entries(rows)) {
    dashboard.withRow(new RowBuilder(name));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  const built = dashboard.build();
  const numbered = built.panels?.map((panel, at) => ({ ...panel, id: at + 1 }));
  return `${JSON.stringify({ ...built, panels: numbered }, undefined, 1)}\n`;
}

/** Changes of a group's size. `avatarpool explain` shows the reasons. */
const DECISIONS = `sum by (namespace, pool, group, direction) (increase(avatarpool_scale_changes_total{${CHOSEN_POOLS}}[1m])) > 0`;
const ALERTS = 'ALERTS{alertname=~"AvatarPool.*",alertstate="firing",pool=~"$pool|"}';

function annotation(name: string, color: string, expr: string, title: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(dataSource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .titleFormat(title)
    .step("60s");
}

export function variable(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name).datasource(dataSource).query(query).refresh(VariableRefresh.OnTimeRangeChanged);
}

/** Any number of values, by default all. */
export function choice(name: string, query: string): QueryVariableBuilder {
  const all = { selected: true, text: "All", value: "$__all" };
  return variable(name, query).multi(true).includeAll(true).allValue(".*").current(all);
}

const job = variable("job", "label_values(avatarpool_leader, job)");
const namespace = choice("namespace", 'label_values(avatarpool_objective_launch_success_ratio{job="$job"}, namespace)');
const pool = choice("pool", 'label_values(avatarpool_objective_launch_success_ratio{job="$job",namespace=~"$namespace"}, pool)');
