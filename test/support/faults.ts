import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { loadKubeConfig } from "../../operator/kube/config.ts";

export interface Fault {
  /** The affected requests. Default: all. */
  readonly when?: (request: FaultRequest) => boolean;
  /** The number of affected requests. Default: 1. */
  readonly times?: number;
  /** Delay before the request is processed. */
  readonly delayMs?: number;
  /** Sends this response instead of the API server's. */
  readonly answer?: { readonly status: number; readonly headers?: Record<string, string>; readonly body: unknown };
}

export interface FaultRequest {
  readonly method: string;
  readonly url: string;
}

export const isWatch = ({ url }: FaultRequest): boolean => url.includes("watch=true");
export const isList = ({ method, url }: FaultRequest): boolean => method === "GET" && !url.includes("watch=true");

/** The API server's error event for an expired resourceVersion within a watch. */
export const expiredEvent = {
  type: "ERROR",
  object: { kind: "Status", status: "Failure", code: 410, reason: "Expired", message: "too old resource version: 1 (2)" },
};

interface PlannedFault {
  readonly fault: Fault;
  left: number;
}

/** A loopback proxy between a client and a real API server. It injects network faults into their connections. */
export class FaultProxy implements AsyncDisposable {
  /** Every received request, with or without a response. */
  readonly requests: FaultRequest[] = [];
  /** While true, connections are closed at their first request. */
  unreachable = false;
  readonly #server = createServer();
  readonly #target: URL;
  readonly #token: string | undefined;
  readonly #upstream: Agent;
  readonly #planned: PlannedFault[] = [];
  readonly #sockets = new Set<Socket>();
  /** Breaks the stream of a watch in the middle of its next chunk. */
  readonly #watches = new Set<{ cutNext: boolean }>();

  /** @param kubeconfig path of the kubeconfig of the cluster behind the proxy. */
  static async start(kubeconfig: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(loadKubeConfig(kubeconfig));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    this.#target = new URL(cluster?.server ?? "");
    this.#token = config.getCurrentUser()?.token;
    this.#upstream = new Agent({ keepAlive: true, ca: Buffer.from(cluster?.caData ?? "", "base64") });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("request", (request, response) => void this.#handle(request, response));
  }

  /** The kubeconfig for clients that use this proxy, with the same user. */
  get config(): KubeConfig {
    const server = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config = new KubeConfig();
    const user = { name: "user", ...(this.#token !== undefined && { token: this.#token }) };
    config.loadFromClusterAndUser({ name: "proxy", server, skipTLSVerify: true }, user);
    return config;
  }

  inject(fault: Fault): void {
    this.#planned.push({ fault, left: fault.times ?? 1 });
  }

  /** Breaks every connection now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every open watch in the middle of its next event. */
  cutWatchesMidEvent(): void {
    for (const watch of this.#watches) watch.cutNext = true;
  }

  count(matches: (request: FaultRequest) => boolean): number {
    return this.requests.filter(matches).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    this.#upstream.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = { method: request.method ?? "", url: request.url ?? "" };
    this.requests.push(seen);
    if (this.unreachable) return void response.destroy();
    const fault = this.#next(seen);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.answer === undefined) return this.#forward(request, response, isWatch(seen));
    const { status, headers, body } = fault.answer;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(`${JSON.stringify(body)}\n`);
  }

  #next(request: FaultRequest): Fault | undefined {
    const planned = this.#planned.find(({ fault, left }) => left > 0 && (fault.when?.(request) ?? true));
    if (planned === undefined) return undefined;
    planned.left--;
    return planned.fault;
  }

  #forward(request: IncomingMessage, response: ServerResponse, watch: boolean): void {
    const { method, url, headers } = request;
    const upstream = httpsRequest(new URL(url ?? "", this.#target), { agent: this.#upstream, method, headers });
    upstream.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.on("error", () => response.destroy());
      if (watch) this.#relayWatch(answer, response);
      else answer.pipe(response);
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  }

  #relayWatch(answer: IncomingMessage, response: ServerResponse): void {
    const state = { cutNext: false };
    this.#watches.add(state);
    response.on("close", () => this.#watches.delete(state));
    answer.on("data", (chunk: Buffer) => {
      if (!state.cutNext) return void response.write(chunk);
      response.write(chunk.subarray(0, chunk.length / 2), () => response.destroy());
      answer.destroy();
    });
    answer.on("end", () => response.end());
  }
}
