import type { ControlPlane } from "./controlplane/index.ts";

/** Requests to the API server from its own metrics, by `VERB resource` or `VERB resource/subresource`. */
export type RequestCounts = ReadonlyMap<string, number>;

const WRITES = ["APPLY", "PATCH", "POST", "PUT", "DELETE", "DELETECOLLECTION"];

/** All requests since the API server started, including rejected ones. A watch counts when it has ended. */
export async function requestCounts(plane: ControlPlane): Promise<RequestCounts> {
  const counts = new Map<string, number>();
  for (const line of (await apiServerMetrics(plane)).split("\n")) {
    const [, labels = "", value] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (value === undefined) continue;
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
    const resource = [label("resource"), label("subresource")].filter((part) => part !== "").join("/");
    const key = `${label("verb")} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(value));
  }
  return counts;
}

/** The metrics of the API server, as text. */
export async function apiServerMetrics(plane: ControlPlane): Promise<string> {
  const { code, stdout, stderr } = await plane.kubectl(["get", "--raw", "/metrics"]);
  if (code !== 0) throw new Error(`the API server did not return its metrics: ${stderr}`);
  return stdout;
}

/** The requests between two counts, without kinds that have no requests. */
export function requestsBetween(before: RequestCounts, after: RequestCounts): Record<string, number> {
  const between = [...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const);
  return Object.fromEntries(between.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

/**
 * The writes among requests, without Leases: leaders renew them continuously, independent of the work on objects.
 */
export function writesOf(requests: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(requests).filter(([key]) => {
      const [verb = "", resource] = key.split(" ");
      return WRITES.includes(verb) && resource !== "leases";
    }),
  );
}
