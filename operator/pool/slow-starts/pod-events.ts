import type { EventsV1Event } from "@kubernetes/client-node";
import type { KubeClient } from "../../kube/client.ts";
import { events } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";
import type { PodView } from "../views.ts";

/** Interval in which the events of a pod are read again. */
export const REFRESH_MS = 60_000;
/** Limits on pods with cached events, over all pools, and on concurrent requests. */
const MAX_PODS = 300;
const MAX_IN_FLIGHT = 8;
/** A pod that does not start has few kinds of events. The API server keeps each for an hour. */
const MAX_EVENTS = 100;
const MAX_NOTE = 400;

export interface PodEvent {
  readonly warning: boolean;
  readonly reason: string;
  readonly note: string;
}

export interface PodEventsOptions {
  readonly client: Pick<KubeClient, "list">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads the events of single pods without blocking a reconcile: the result is available at the next call.
 * Errors: events that cannot be read are missing, and the error is logged.
 */
export class PodEvents {
  readonly #options: PodEventsOptions;
  readonly #latest: ExpiringMap<string, PodEvent | undefined>;
  readonly #asked: ExpiringMap<string, true>;
  #inFlight = 0;

  constructor(options: PodEventsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#latest = new ExpiringMap({ clock, ttlMs: 2 * REFRESH_MS, max: MAX_PODS });
    this.#asked = new ExpiringMap({ clock, ttlMs: REFRESH_MS, max: MAX_PODS });
  }

  /**
   * The latest known event of the pod. Requests the pod's events if the last request is a minute old.
   * @param onChange called when the pod's latest event has changed.
   */
  latest(pod: PodView, onChange: () => void): PodEvent | undefined {
    if (this.#asked.get(pod.uid) === undefined && this.#inFlight < MAX_IN_FLIGHT) {
      this.#asked.set(pod.uid, true);
      this.#inFlight++;
      void this.#ask(pod, onChange).finally(() => {
        this.#inFlight--;
      });
    }
    return this.#latest.get(pod.uid);
  }

  async #ask({ namespace, name, uid }: PodView, onChange: () => void): Promise<void> {
    const { client, logger } = this.#options;
    try {
      const fieldSelector = `regarding.uid=${uid}`;
      const { items } = await client.list<Json<EventsV1Event>>(events, { namespace, fieldSelector, limit: MAX_EVENTS });
      const before = this.#latest.get(uid);
      const now = latestOf(items);
      this.#latest.set(uid, now);
      if (before?.note !== now?.note || before?.reason !== now?.reason) onChange();
    } catch (error) {
      logger.warn({ pod: `${namespace}/${name}`, err: error }, "failed to read the pod's events");
    }
  }
}

/** The latest event. Of simultaneous events a warning takes precedence. */
export function latestOf(items: readonly Json<EventsV1Event>[]): PodEvent | undefined {
  const [latest] = [...items].sort(
    (a, b) => lastSeenMs(b) - lastSeenMs(a) || Number(b.type === "Warning") - Number(a.type === "Warning"),
  );
  if (latest === undefined) return undefined;
  const note = hideSecrets(latest.note ?? "").slice(0, MAX_NOTE);
  return { warning: latest.type === "Warning", reason: latest.reason ?? "", note };
}

function lastSeenMs({ series, deprecatedLastTimestamp, eventTime, metadata }: Json<EventsV1Event>): number {
  const text = series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata?.creationTimestamp;
  const atMs = Date.parse(text ?? "");
  return Number.isNaN(atMs) ? 0 : Math.floor(atMs / 1_000);
}
