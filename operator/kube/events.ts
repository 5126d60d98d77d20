import type { EventsV1Event, V1ObjectReference } from "@kubernetes/client-node";
import { FIELD_MANAGER } from "../api/names.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { KubeClient } from "./client.ts";
import { microTime } from "./micro-time.ts";
import { events } from "./resource-types.ts";
import type { Json } from "./types.ts";

export interface EventRecord {
  readonly regarding: Json<V1ObjectReference>;
  readonly type: "Normal" | "Warning";
  /** Machine-readable, CamelCase. */
  readonly reason: string;
  /** Human-readable message, truncated to the API's limit of 1024 bytes. */
  readonly note: string;
  /** The action that was taken, in CamelCase. */
  readonly action: string;
  /** Name of this process, such as its pod. */
  readonly reportingInstance: string;
  readonly nowMs: number;
}

/** The API server's limit on an event's note. */
export const MAX_NOTE_BYTES = 1024;

/** Records a Kubernetes event. Never throws: events are best effort, and failures are logged. */
export async function recordEvent(client: Pick<KubeClient, "create">, event: EventRecord, logger: Logger): Promise<void> {
  const { regarding, type, reason, note, action, reportingInstance, nowMs } = event;
  const object: Json<EventsV1Event> = {
    metadata: { generateName: `${regarding.name}-`, namespace: regarding.namespace ?? "default" },
    eventTime: microTime(nowMs),
    reportingController: FIELD_MANAGER,
    reportingInstance,
    type,
    reason,
    action,
    regarding,
    note: cutToBytes(note, MAX_NOTE_BYTES),
  };
  try {
    await client.create(events, object);
  } catch (error) {
    logger.warn({ reason, regarding: `${regarding.namespace}/${regarding.name}`, err: error }, "failed to record an event");
  }
}

/** The text, truncated with an ellipsis if it has more than `maxBytes` in UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= maxBytes) return text;
  // The ellipsis takes three bytes. Half a character would become a replacement character.
  return `${bytes
    .subarray(0, maxBytes - 3)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")}…`;
}
