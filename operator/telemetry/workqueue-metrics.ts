import { type Define, seconds } from "./metrics.ts";

const queueSeconds = [...seconds.short, 5, 10, 30, 60];

/** The metrics of a work queue, with the names and meanings that controllers on client-go have. */
export function workqueueMetrics({ counter, gauge, histogram }: Define) {
  /** By queue: how long its running reconciles have taken, in seconds. */
  const running = new Map<string, () => readonly number[]>();
  const ages =
    (combine: (ages: readonly number[]) => number) => (metric: { set(labels: { name: string }, value: number): void }) => {
      for (const [name, now] of running) metric.set({ name }, combine(now()));
    };
  const of = ["name"] as const;
  gauge(
    "workqueue_unfinished_work_seconds",
    "Seconds that the running reconciles have taken so far, added up.",
    of,
    ages((all) => all.reduce((sum, age) => sum + age, 0)),
  );
  gauge(
    "workqueue_longest_running_processor_seconds",
    "Seconds that the longest running reconcile has taken so far.",
    of,
    ages((all) => Math.max(0, ...all)),
  );
  return {
    running,
    depth: gauge("workqueue_depth", "Number of keys that wait for a reconcile.", of),
    adds: counter("workqueue_adds_total", "Number of keys that began to wait.", of),
    retries: counter("workqueue_retries_total", "Number of reconciles that failed and are retried.", of),
    queueSeconds: histogram("workqueue_queue_duration_seconds", "Seconds that a key waits.", of, queueSeconds),
    workSeconds: histogram("workqueue_work_duration_seconds", "Seconds that a reconcile takes.", of, queueSeconds),
  };
}
