import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { Clock } from "../runtime/clock.ts";
import { startDeadline } from "../runtime/deadline.ts";
import { CredentialSource, sameTls, type TlsMaterial } from "./credentials.ts";
import { errorFromAnswer, errorFromCause, isStatus, type KubeError, malformed } from "./errors.ts";

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** Called before each attempt. An error that it throws ends the request. */
  readonly beforeEachTry?: () => void;
  /** Timeout until the response is complete, or until a stream begins. */
  readonly timeoutMs: number;
}

export interface RawResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/**
 * Receives each attempt of a request when its response begins.
 * @param code status of the response; `<error>` without a response.
 */
export type OnAttempt = (method: TransportRequest["method"], code: string, tookMs: number) => void;

/** Limit on connections, one for each open watch. It guards against a leak and is far above normal use. */
const maxConnections = 256;

/**
 * Sends requests to the API server of a kubeconfig over one pool of kept-alive HTTP/1.1 connections, with its credentials.
 *
 * Errors: every failure is a `KubeError`, also a status of 400 or above. Only a 401 is retried here, once, with credentials that
 * are read again: the server did not act on the request.
 */
export class Transport {
  readonly #server: URL;
  readonly #proxy: string | undefined;
  readonly #userAgent: string;
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  readonly #onAttempt: OnAttempt | undefined;
  #pool: { readonly tls: TlsMaterial; readonly agent: Dispatcher } | undefined;

  constructor(config: KubeConfig, userAgent: string, clock: Clock, onAttempt?: OnAttempt) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error("the kubeconfig's current context has no cluster");
    this.#server = new URL(cluster.server);
    this.#proxy = cluster.proxyUrl;
    this.#userAgent = userAgent;
    this.#credentials = new CredentialSource(config, clock);
    this.#clock = clock;
    this.#onAttempt = onAttempt;
  }

  /** The parsed JSON of the response. */
  async json(request: TransportRequest): Promise<unknown> {
    const deadline = startDeadline(this.#clock, request.timeoutMs, request.signal);
    try {
      const answer = await this.#send(request, deadline.signal);
      return parseJson(describe(request), await answer.body.text());
    } catch (error) {
      throw errorFromCause(describe(request), deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.cancel();
    }
  }

  /** The response whatever its status. A 401 of the API server itself is retried as in other requests. */
  async exchange(request: TransportRequest): Promise<RawResponse> {
    const deadline = startDeadline(this.#clock, request.timeoutMs, request.signal);
    try {
      const first = await rawResponse(await this.#sendOnce(request, deadline.signal));
      if (first.status !== 401 || !isStatus(first.body)) return first;
      this.#credentials.expire();
      return await rawResponse(await this.#sendOnce(request, deadline.signal));
    } catch (error) {
      throw errorFromCause(describe(request), deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.cancel();
    }
  }

  /**
   * The bytes of the response as they arrive. Leaving the loop closes the connection.
   * @param maxSilenceMs the longest time without a byte, after which the connection is considered dead.
   */
  async *stream(request: TransportRequest, maxSilenceMs: number): AsyncGenerator<Uint8Array> {
    const deadline = startDeadline(this.#clock, request.timeoutMs, request.signal);
    try {
      const answer = await this.#send(request, deadline.signal);
      deadline.restart(maxSilenceMs);
      for await (const bytes of answer.body as AsyncIterable<Uint8Array>) {
        yield bytes;
        deadline.restart(maxSilenceMs);
      }
    } catch (error) {
      throw errorFromCause(describe(request), deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.cancel();
    }
  }

  /** The token of the header Authorization, if the credentials have one. */
  async bearerToken(): Promise<string | undefined> {
    const { headers } = await this.#credentials.current();
    const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
    return typeof authorization === "string" ? /^Bearer (\S+)$/i.exec(authorization)?.[1] : undefined;
  }

  /** Waits for running requests, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool?.agent.close();
  }

  async #send(request: TransportRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const answer = await this.#sendOnce(request, signal);
    if (answer.statusCode < 400) return answer;
    const error = await this.#readError(request, answer);
    if (error.status !== 401) throw error;
    this.#credentials.expire();
    const second = await this.#sendOnce(request, signal);
    if (second.statusCode < 400) return second;
    throw await this.#readError(request, second);
  }

  async #sendOnce(request: TransportRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { headers, tls } = await this.#credentials.current();
    request.beforeEachTry?.();
    const startMs = this.#clock.now();
    const attempt = this.#agentFor(tls).request({
      origin: this.#server.origin,
      path: this.#server.pathname.replace(/\/$/, "") + request.path,
      method: request.method,
      headers: {
        ...headers,
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(request.contentType !== undefined && { "content-type": request.contentType }),
        ...request.headers,
      },
      body: request.body ?? null,
      signal,
      // This client enforces its own deadlines by its injected clock.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const ended = (code: string) => this.#onAttempt?.(request.method, code, this.#clock.now() - startMs);
    attempt.then(
      ({ statusCode }) => ended(String(statusCode)),
      () => ended("<error>"),
    );
    return attempt;
  }

  async #readError(request: TransportRequest, answer: Dispatcher.ResponseData): Promise<KubeError> {
    const retryAfter = answer.headers["retry-after"];
    return errorFromAnswer(describe(request), {
      status: answer.statusCode,
      body: await answer.body.text(),
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
      nowMs: this.#clock.now(),
    });
  }

  /** One agent for all requests. Rotated certificates require a new agent; the old agent ends with its last request. */
  #agentFor(tls: TlsMaterial): Dispatcher {
    if (this.#pool !== undefined && sameTls(this.#pool.tls, tls)) return this.#pool.agent;
    void this.#pool?.agent.close();
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
    const options = {
      connections: maxConnections,
      allowH2: false,
      // API servers close idle connections after 90 s. Closing them earlier keeps requests off a closing connection.
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 60_000,
      connectTimeout: 10_000,
    };
    const agent =
      this.#proxy === undefined
        ? new Agent({ ...options, connect })
        : new ProxyAgent({ ...options, uri: this.#proxy, proxyTunnel: true, requestTls: connect });
    this.#pool = { tls, agent };
    return agent;
  }
}

/** Method and path, without the query: selectors and continue tokens only make messages long. */
export function describe(request: Pick<TransportRequest, "method" | "path">): string {
  return `${request.method} ${request.path.split("?", 1)[0]}`;
}

async function rawResponse({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<RawResponse> {
  return { status: statusCode, headers, body: await body.text() };
}

function parseJson(action: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(`${action} returned a body that is not JSON`, cause);
  }
}
