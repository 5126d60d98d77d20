/** The parts of a Grafana dashboard that query Prometheus. */
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[] };
}

/** Every query of a dashboard, with the name of its panel, annotation or variable. */
export function queriesOf({ panels, annotations, templating }: Dashboard): readonly (readonly [name: string, expr: string])[] {
  return [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
    ...annotations.list.map(({ name, expr }) => [name, expr] as const),
    ...templating.list.filter(({ type }) => type === "query").map(({ name, query }) => [`$${name}`, seriesOf(query)] as const),
  ];
}

/** The series whose labels Grafana lists for `label_values(series, label)`. */
function seriesOf(query: string): string {
  const series = /^label_values\((.*), \w+\)$/.exec(query)?.[1];
  if (series === undefined) throw new Error(`${query} is not in the form label_values(series, label)`);
  return series;
}
