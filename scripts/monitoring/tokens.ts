/** Places in the generated rules that `templates/prometheus-rule.yaml` replaces by values of the chart. */
export const tokens = {
  /** The Prometheus job of the release's PodMonitor. It keeps two releases apart. */
  job: "@job@",
  runbooks: "@runbooks@",
  minMisses: "@minMisses@",
  creditsUsed: "@creditsUsed@",
} as const;
