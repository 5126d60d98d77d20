import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";

/** Longest time for connecting. After it, no session has begun. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Length of an answer that is read: only the start of an error is reported. */
const MAX_ANSWER_BYTES = 4_096;

export interface CloudLaunch {
  readonly url: string;
  /** The maker's API secret. */
  readonly secret: string;
  readonly body: string;
}

export interface CloudAnswer {
  readonly status: number;
  /** The header, not parsed. */
  readonly retryAfter: string | undefined;
  /** The start of the body. */
  readonly text: string;
}

/** Client of the maker's cloud. */
export interface Cloud {
  /** @throws CloudUnreachable if nothing was sent; any other error if the outcome is unknown. */
  launch(launch: CloudLaunch, signal: AbortSignal): Promise<CloudAnswer>;
}

/** There was no connection: no session has begun. */
export class CloudUnreachable extends Error {
  override readonly name = "CloudUnreachable";
}

/**
 * The cloud over HTTP. Every launch has a connection of its own: an idle one may close while the launch is sent, and its outcome
 * would be unknown. Redirects are not followed, since they would forward the secret.
 */
export class HttpCloud implements Cloud {
  readonly #plain: PlainAgent;
  readonly #tls: TlsAgent;

  /** @param env as Node's own agents: if `NODE_USE_ENV_PROXY` is 1, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` select a proxy. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const proxyEnv = env.NODE_USE_ENV_PROXY === "1" ? env : undefined;
    this.#plain = new PlainAgent({ proxyEnv });
    this.#tls = new TlsAgent({ proxyEnv });
  }

  launch({ url, secret, body }: CloudLaunch, signal: AbortSignal): Promise<CloudAnswer> {
    if (!URL.canParse(url)) return Promise.reject(new CloudUnreachable(`overflow.url cannot be read as a URL: ${url}`));
    const isTls = url.startsWith("https:");
    const request = isTls ? tlsRequest : plainRequest;
    const agent = isTls ? this.#tls : this.#plain;
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "api-secret": secret,
      accept: "application/json",
    };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: "POST", agent, headers, signal });
      const connected = whenConnected(sent);
      sent.once("error", (error) =>
        reject(connected() ? error : new CloudUnreachable("no connection to the maker's cloud", { cause: error })),
      );
      sent.once("response", (response) => read(response).then(resolve, reject));
      sent.end(body);
    });
  }
}

/** Ends a request that gets no connection in time. @returns a function that reports whether there is a connection. */
function whenConnected(sent: ClientRequest): () => boolean {
  let connected = false;
  const timer = setTimeout(() => sent.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)), CONNECT_TIMEOUT_MS);
  sent.once("close", () => clearTimeout(timer));
  sent.once("socket", (socket) => {
    const onConnect = () => {
      connected = true;
      clearTimeout(timer);
    };
    // The tunnel of a proxy is connected when the request gets it.
    if (!socket.connecting) return onConnect();
    socket.once("encrypted" in socket ? "secureConnect" : "connect", onConnect);
  });
  return () => connected;
}

/** Once the status has arrived, the answer counts, even if its body is cut. */
async function read(response: IncomingMessage): Promise<CloudAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // The status is enough.
  }
  response.destroy();
  const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
  return { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], text };
}
