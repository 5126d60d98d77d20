import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { KubeConfig } from "@kubernetes/client-node";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** An HTTP server on loopback with scripted responses, one per request. The last one repeats. */
export class StubApiServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly url: string;
  connections = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #answers: Answer[];
  readonly #arrivals = new Set<() => void>();

  static async start(...answers: Answer[]): Promise<StubApiServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new StubApiServer(server, answers);
  }

  constructor(server: ReturnType<typeof createServer>, answers: Answer[]) {
    this.#server = server;
    this.#answers = answers;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", () => this.connections++);
    server.on("request", (request, response) => void this.#answer(request, response));
  }

  /** A kubeconfig of this server for a user with a token, or with the given credentials. */
  config(user: Record<string, unknown> = { token: "secret-token" }, path = ""): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "stub", server: this.url + path, skipTLSVerify: true }, { name: "user", ...user });
    return config;
  }

  /** Resolves when `count` requests have arrived in total. */
  async arrived(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.#arrivals.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const seen = { method, url, headers, body: await text(request) };
    this.requests.push(seen);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    answer?.(response, seen);
    for (const wake of this.#arrivals) wake();
    this.#arrivals.clear();
  }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A rejection in the format of the API server. */
export function refusal(code: number, reason: string, message: string, headers: Record<string, string> = {}): Answer {
  return json({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }, code, headers);
}

export const hangUp: Answer = (response) => void response.destroy();
export const silence: Answer = () => {};
