import type { EventsV1Event } from "@kubernetes/client-node";
import { WORKER_CONTAINER } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { events } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { PodView } from "../views.ts";

/** Limit on the starts whose events wait to be read. */
const MAX_WAITING = 100;
/** A pod has one event for each image. */
const MAX_EVENTS = 50;

export interface ImagePullsOptions {
  readonly client: Pick<KubeClient, "list">;
  readonly logger: Logger;
}

/**
 * Reads from a pod's events how long its images were pulled. The pod's status does not tell: before Kubernetes 1.36 the condition
 * `PodReadyToStartContainers` becomes True after the pulls.
 *
 * Each request makes the API server read all events of the namespace, so only one runs at a time. While a hundred starts wait,
 * further ones are not read.
 */
export class ImagePulls {
  readonly #options: ImagePullsOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ImagePullsOptions) {
    this.#options = options;
  }

  /**
   * How long the images of a worker's first start were pulled, in ms; undefined if it is unknown. Never throws.
   * @param isNeeded asked before the request, because the start may have waited for other requests.
   */
  async of(pod: PodView, isNeeded: () => boolean): Promise<number | undefined> {
    if (this.#waiting >= MAX_WAITING) return undefined;
    this.#waiting++;
    const read = this.#last.then(() => (isNeeded() ? this.#read(pod) : undefined));
    this.#last = read;
    const pullMs = await read;
    this.#waiting--;
    return pullMs;
  }

  async #read({ namespace, name, uid }: PodView): Promise<number | undefined> {
    const { client, logger } = this.#options;
    const fieldSelector = `regarding.uid=${uid},reason=Pulled`;
    try {
      const { items } = await client.list<Json<EventsV1Event>>(events, { namespace, fieldSelector, limit: MAX_EVENTS });
      return pullMsOf(items);
    } catch (error) {
      logger.warn({ pod: `${namespace}/${name}`, err: error }, "failed to read the events of image pulls");
      return undefined;
    }
  }
}

/**
 * The kubelet's messages in Kubernetes 1.30 to 1.37. The times are Go durations. The second one includes the wait for pulls of other
 * pods.
 */
const PULLED = /^Successfully pulled image .* in \S+ \((\S+) including waiting\)/;
const PRESENT = / already present on machine/;
/** Field path of an event about the worker's own image. */
const WORKER = `spec.containers{${WORKER_CONTAINER}}`;
/** Field path of the events about init containers and about image volumes, which have none. */
const BEFORE_WORKER = /^(spec\.initContainers\{.*)?$/;

/**
 * Time in ms for which the images were pulled that a worker needs before its process starts; 0 if the node had them. Failed pulls
 * and their back-off do not count.
 * @param items events with the reason `Pulled`. @returns undefined without the event of the worker's own image, or if a message is
 * in another form.
 */
export function pullMsOf(items: readonly Pick<Json<EventsV1Event>, "regarding" | "note">[]): number | undefined {
  const needed = items.filter(({ regarding: { fieldPath = "" } = {} }) => fieldPath === WORKER || BEFORE_WORKER.test(fieldPath));
  if (!needed.some(({ regarding }) => regarding?.fieldPath === WORKER)) return undefined;
  const pullsMs = needed.map(({ note = "" }) => (PRESENT.test(note) ? 0 : goDurationMs(PULLED.exec(note)?.[1] ?? "")));
  const sumMs = pullsMs.reduce((sum, ms) => sum + ms, 0);
  return Number.isNaN(sumMs) ? undefined : sumMs;
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a Go duration, such as `1m2.5s` or `840ms`; NaN for other text. */
function goDurationMs(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(h|ms|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== text || parts.length === 0) return Number.NaN;
  return parts.reduce((sumMs, [, count, unit]) => sumMs + Number(count) * (UNITS_MS[unit ?? ""] ?? Number.NaN), 0);
}
