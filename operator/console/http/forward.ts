import { Agent, type IncomingMessage, request as openRequest, type ServerResponse } from "node:http";
import { endToEnd } from "../../runtime/end-to-end.ts";

/** Set by a standby. A replica that does not lead sends no request with it to another one, so that there is no loop. */
export const FORWARDED_HEADER = "avatarpool-console-standby";

const CONNECT_MS = 3_000;
const MAX_CONNECTIONS = 256;

export interface Forwarded {
  /** Origin of the leader. */
  readonly leader: string;
  /** Name of this replica. */
  readonly replica: string;
  readonly silenceMs: number;
  /** Called before the response is sent. */
  readonly onResponse: () => void;
}

/** Sends requests of a standby to the leader, and streams its responses back. */
export class Forwarder {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, maxTotalSockets: MAX_CONNECTIONS });

  /** Resolves once the leader responds. @throws Error if it does not. Nothing was sent to the client then. */
  forward(request: IncomingMessage, response: ServerResponse, options: Forwarded): Promise<void> {
    const { hostname, port } = new URL(options.leader);
    const upstream = openRequest({
      agent: this.#agent,
      // The URL of an IPv6 address has brackets, a host has none.
      host: hostname.replace(/^\[|\]$/g, ""),
      port,
      method: request.method,
      path: request.url,
      headers: { ...endToEnd(request.headers), [FORWARDED_HEADER]: options.replica },
      timeout: CONNECT_MS,
    });
    const setSilence = () => upstream.setTimeout(options.silenceMs);
    upstream.on("socket", (socket) => (socket.connecting ? socket.once("connect", setSilence) : setSilence()));
    upstream.on("timeout", () => upstream.destroy(new Error("no response in time")));
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
    return new Promise((resolve, reject) => {
      upstream.on("error", (error) => {
        if (response.headersSent) response.destroy();
        reject(error);
      });
      upstream.on("response", (answer) => {
        options.onResponse();
        response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
        response.flushHeaders();
        answer.on("error", () => response.destroy());
        answer.pipe(response);
        resolve();
      });
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
