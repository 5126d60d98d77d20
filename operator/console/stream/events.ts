import type { ConsoleEvent, FleetRow, PoolSummary, WorkerTile } from "../../api/console.ts";
import type { ObjectKey } from "../../kube/types.ts";
import type { PoolPicture } from "../source.ts";
import { jsonList, jsonOf } from "./json.ts";

/** A comment of the protocol, which keeps proxies from closing a silent stream. */
export const HEARTBEAT = ":\n\n";

/** The changes of one pool since the previous ones. */
export interface PoolChanges {
  readonly complete: boolean;
  readonly summary: PoolPicture["summary"];
  readonly workers: readonly WorkerTile[];
  readonly removed: readonly string[];
}

export function fleetEvent(complete: boolean, rows: readonly FleetRow[], removed: readonly ObjectKey[]): string {
  return framed(`{"type":"fleet","complete":${complete},"rows":${jsonList(rows)},"removed":${JSON.stringify(removed)}}`);
}

export function poolEvent(pool: ObjectKey, changes: PoolChanges, may: PoolSummary["may"]): string {
  const { complete, summary, workers, removed } = changes;
  const start = `{"type":"pool","pool":${JSON.stringify(pool)},"complete":${complete}`;
  const withRights = `${jsonOf(summary).slice(0, -1)},"may":${JSON.stringify(may)}}`;
  return framed(`${start},"summary":${withRights},"workers":${jsonList(workers)},"removed":${JSON.stringify(removed)}}`);
}

export function otherEvent(event: Exclude<ConsoleEvent, { readonly type: "fleet" | "pool" }>): string {
  return framed(JSON.stringify(event));
}

/** JSON has no line feed outside of an escape, so one `data` line holds it. */
function framed(json: string): string {
  return `data: ${json}\n\n`;
}
