import type { Duplex } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { FIELD_MANAGER } from "../api/names.ts";
import { type Clock, type Random, systemClock } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";
import { errorFromAnswer, isConflict, isNotFound, isStatus, malformed } from "./errors.ts";
import { completeLines } from "./lines.ts";
import { apiVersionOf, collectionPath, objectPath, type Query, withQuery } from "./paths.ts";
import { pods, serviceAccounts } from "./resource-types.ts";
import { retryDelayMs } from "./retry.ts";
import { describe, type OnAttempt, type RawResponse, Transport, type TransportRequest } from "./transport.ts";
import type { KubeObject, ObjectRef, ResourceType } from "./types.ts";
import { eventOf, type WatchEvent } from "./watch-event.ts";

export interface KubeClientOptions {
  readonly userAgent: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Timeout of one attempt, until its response is complete. Default: 30 s. */
  readonly requestTimeoutMs?: number;
  readonly onAttempt?: OnAttempt;
}

export interface KubeList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last. */
  readonly continue?: string;
  /** Number of objects after this page, if the server reports it. */
  readonly remaining?: number;
}

export interface ListOptions extends Cancellable {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly resourceVersion: string;
  /** Time after which the server ends the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export interface Cancellable {
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends Cancellable {
  /** Called before each attempt. An error that it throws ends the request. */
  readonly beforeEachTry?: () => void;
}

export interface ApplyOptions extends WriteOptions {
  readonly subresource?: "status";
  /** Default: the operator's field manager. */
  readonly fieldManager?: string;
  /** Take ownership of other managers' fields. Default: true. */
  readonly force?: boolean;
  /** Validate the object and its permissions, and change nothing. */
  readonly dryRun?: boolean;
}

export interface PodPort {
  readonly port: number;
  /** Default: `http`. The API server does not verify the certificate. */
  readonly scheme?: "http" | "https";
}

export interface PodRequest extends Cancellable {
  readonly method: TransportRequest["method"];
  /** Path with the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

export interface PodLogOptions extends Cancellable {
  readonly container?: string;
  readonly follow?: boolean;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Begin each line with its time. */
  readonly timestamps?: boolean;
  readonly previous?: boolean;
}

/** API servers end a silent log stream after 4 h. */
const MAX_LOG_SILENCE_MS = 5 * 3_600_000;

/**
 * Silence of a watch after which its connection is taken for dead, as when a machine vanishes without a word. API servers
 * send bookmarks about once a minute, so that only a watch of a kind that never changed is reopened for nothing.
 */
const maxWatchSilenceMs = 180_000;

/**
 * The Kubernetes API over raw JSON: no typed deserialisation, times stay strings.
 *
 * Errors: every method throws `KubeError` and nothing else. Get, list, apply and delete by uid are repeated after a failure
 * that may pass; create, replace and merge patch only after a 429, which the server sends without having acted.
 */
export class KubeClient {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requestTimeoutMs: number;
  readonly #config: KubeConfig;

  constructor(config: KubeConfig, options: KubeClientOptions) {
    this.#config = config;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#transport = new Transport(config, options.userAgent, this.#clock, options.onAttempt);
  }

  /** @returns undefined if the object does not exist. */
  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: Cancellable = {}): Promise<T | undefined> {
    try {
      return (await this.#request({ method: "GET", path: objectPath(type, ref), ...options }, true)) as T;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** One page. `continue` of the response requests the next page. */
  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, ...query } = options;
    const path = withQuery(collectionPath(type, namespace), query);
    return listOf<T>(await this.#request({ method: "GET", path, signal }, true), path);
  }

  /** JSON from a pod's HTTP server through the API server. Requires `get` on `pods/proxy`. Never retried. */
  async getFromPod(pod: ObjectRef, port: number, path: string, query: Query = {}): Promise<unknown> {
    const request = { method: "GET", path: withQuery(`${proxyPath(pod, { port })}${path}`, query) } as const;
    return this.#request(request, false);
  }

  /**
   * Sends a request to a pod's HTTP server through the API server, once. Requires on `pods/proxy` the verb of the method: `get`,
   * `create` for POST, `delete`. The API server removes the header Authorization.
   * @returns the pod's response, whatever its status.
   * @throws KubeError if the API server does not forward the request.
   */
  async sendToPod(pod: ObjectRef, port: PodPort, { path, timeoutMs, ...request }: PodRequest): Promise<RawResponse> {
    const sent = { ...request, path: proxyPath(pod, port) + path, timeoutMs: timeoutMs ?? this.#requestTimeoutMs };
    const response = await this.#transport.exchange(sent);
    if (response.status < 400 || !isStatus(response.body)) return response;
    throw errorFromAnswer(describe(sent), { ...response, nowMs: this.#clock.now() });
  }

  /**
   * The lines of a container's log as they arrive, without a last line that has no end. Requires `get` on `pods/log`.
   * @throws KubeError
   */
  async *podLog(pod: ObjectRef, { signal, ...query }: PodLogOptions): AsyncGenerator<string> {
    const path = withQuery(objectPath(pods, pod, "log"), query);
    const request: TransportRequest = { method: "GET", path, signal, timeoutMs: this.#requestTimeoutMs };
    // A quiet container writes nothing for hours.
    yield* completeLines(this.#transport.stream(request, query.follow === true ? MAX_LOG_SILENCE_MS : this.#requestTimeoutMs));
  }

  /**
   * A connection to a port of a pod through the API server. Requires `pods/portforward`: `get`, and `create` from Kubernetes 1.35 on.
   * The stream fails with the kubelet's message if the pod does not listen.
   * @throws KubeError
   */
  async connectToPod(pod: ObjectRef, port: number): Promise<Duplex> {
    const { connectToPod } = await import("./port-forward.ts");
    return connectToPod(this.#config, pod, port);
  }

  /** Version of the API server, such as `v1.34.1`. Every authenticated user may read it. */
  async serverVersion(): Promise<string> {
    const answer = (await this.#request({ method: "GET", path: "/version" }, true)) as { readonly gitVersion?: string };
    return answer.gitVersion ?? "unknown";
  }

  /** A new token of a ServiceAccount. Requires `create` on `serviceaccounts/token`. Never retried. */
  async requestToken(account: ObjectRef, expirationSeconds: number): Promise<string> {
    const path = objectPath(serviceAccounts, account, "token");
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds } };
    const { status } = (await this.#write({ method: "POST", path }, body, false)) as {
      readonly status?: { readonly token?: string };
    };
    if (status?.token === undefined) throw malformed(`POST ${path} returned no token`);
    return status.token;
  }

  /** The bearer token with which this client authenticates; undefined if it uses certificates or a password. */
  async bearerToken(): Promise<string | undefined> {
    return this.#transport.bearerToken();
  }

  async create<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const path = collectionPath(type, object.metadata?.namespace);
    return (await this.#write({ method: "POST", path, ...options }, withType(type, object), false)) as T;
  }

  /** Replaces the object if it still has the given `metadata.resourceVersion`; a conflict (409) otherwise. */
  async replace<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const path = objectPath(type, nameOf(type, object));
    return (await this.#write({ method: "PUT", path, ...options }, withType(type, object), false)) as T;
  }

  /** Server-side apply: sets the given fields and removes fields of earlier applies that are absent now. */
  async apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions = {}): Promise<T> {
    const { subresource, fieldManager = FIELD_MANAGER, force = true, dryRun = false, ...cancellable } = options;
    const query = { fieldManager, force, ...(dryRun && { dryRun: "All" }) };
    const path = withQuery(objectPath(type, nameOf(type, object), subresource), query);
    const contentType = "application/apply-patch+yaml";
    return (await this.#write({ method: "PATCH", path, contentType, ...cancellable }, withType(type, object), true)) as T;
  }

  /** JSON merge patch (RFC 7386): null removes a field, lists are replaced whole. */
  async mergePatch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options: WriteOptions & Pick<ApplyOptions, "subresource" | "fieldManager"> = {},
  ): Promise<T> {
    const { subresource, fieldManager = FIELD_MANAGER, ...cancellable } = options;
    const path = withQuery(objectPath(type, ref, subresource), { fieldManager });
    const contentType = "application/merge-patch+json";
    return (await this.#write({ method: "PATCH", path, contentType, ...cancellable }, patch, false)) as T;
  }

  /**
   * @param options.uid deletes only the object with this UID, not a later object of the same name.
   * @returns false if the object did not exist.
   */
  async delete(
    type: ResourceType,
    ref: ObjectRef,
    options: WriteOptions & { readonly uid?: string; readonly gracePeriodSeconds?: number } = {},
  ): Promise<boolean> {
    const { uid, gracePeriodSeconds, ...cancellable } = options;
    const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds, preconditions: uid && { uid } };
    try {
      await this.#write({ method: "DELETE", path: objectPath(type, ref), ...cancellable }, body, uid !== undefined);
      return true;
    } catch (error) {
      // The UID is the only precondition: a conflict means that another object has the name.
      if (isNotFound(error) || (uid !== undefined && isConflict(error))) return false;
      throw error;
    }
  }

  /**
   * The changes after `resourceVersion`, for informers. Ends when the server ends the watch or the signal aborts.
   * A line that was cut off is left out.
   * @throws KubeError at once for a refusal, an `ERROR` event, a broken connection or a line that is not an event.
   */
  async *watch(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const { namespace, signal, ...query } = options;
    const path = withQuery(collectionPath(type, namespace), { watch: true, allowWatchBookmarks: true, ...query });
    const request: TransportRequest = { method: "GET", path, signal, timeoutMs: this.#requestTimeoutMs };
    const lines = completeLines(this.#transport.stream(request, maxWatchSilenceMs));
    for await (const line of lines) yield eventOf(line, describe(request));
  }

  /** Waits for running requests, then closes the connections. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #write(request: Omit<TransportRequest, "timeoutMs">, body: unknown, repeatable: boolean): Promise<unknown> {
    return this.#request({ contentType: "application/json", ...request, body: JSON.stringify(body) }, repeatable);
  }

  async #request(request: Omit<TransportRequest, "timeoutMs">, repeatable: boolean): Promise<unknown> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#transport.json({ ...request, timeoutMs: this.#requestTimeoutMs });
      } catch (error) {
        const delayMs = request.signal?.aborted ? undefined : retryDelayMs(error, failures, repeatable, this.#random);
        if (delayMs === undefined) throw error;
        await sleep(this.#clock, delayMs, request.signal);
        if (request.signal?.aborted) throw error;
      }
    }
  }
}

function proxyPath({ namespace, name }: ObjectRef, { port, scheme }: PodPort): string {
  return objectPath(pods, { namespace, name: `${scheme === "https" ? "https:" : ""}${name}:${port}` }, "proxy");
}

function withType<T extends KubeObject>(type: ResourceType, object: T): T {
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

function nameOf(type: ResourceType, object: KubeObject): ObjectRef {
  const { namespace = "", name } = object.metadata ?? {};
  if (name === undefined) throw malformed(`an object of kind ${type.kind} has no metadata.name: set it`);
  return { namespace, name };
}

interface RawList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items?: readonly unknown[];
}

function listOf<T extends KubeObject>(answer: unknown, path: string): KubeList<T> {
  const { metadata, items } = (answer ?? {}) as RawList;
  if (metadata?.resourceVersion === undefined || !Array.isArray(items))
    throw malformed(`GET ${path} returned an object that is not a list`);
  return {
    items: items as readonly T[],
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue && { continue: metadata.continue }),
    ...(metadata.remainingItemCount !== undefined && { remaining: metadata.remainingItemCount }),
  };
}
