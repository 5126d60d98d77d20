import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";

/** Longest that connecting may take; then nothing has begun there. */
const CONNECT_TIMEOUT_MS = 5_000;
/** What is read of an answer: only an error's first words are told to anybody. */
const MAX_ANSWER_BYTES = 4_096;

export interface CloudLaunch {
  readonly url: string;
  /** The maker's API secret. */
  readonly secret: string;
  readonly body: string;
}

export interface CloudAnswer {
  readonly status: number;
  /** The header as it came. */
  readonly retryAfter: string | undefined;
  /** The beginning of the body. */
  readonly text: string;
}

/** How the gateway speaks to the maker's cloud. */
export interface Cloud {
  /** @throws CloudUnreachable when nothing was sent; anything else when nobody can tell what became of it. */
  launch(launch: CloudLaunch, signal: AbortSignal): Promise<CloudAnswer>;
}

/** There was no connection: nothing can have begun. */
export class CloudUnreachable extends Error {
  override readonly name = "CloudUnreachable";
}

/**
 * The cloud over HTTP. Every launch has a connection of its own: a kept one may be closed in the moment of sending, and then
 * nobody could tell whether the launch had arrived. Redirects are not followed, since the secret would go along.
 */
export class HttpCloud implements Cloud {
  launch({ url, secret, body }: CloudLaunch, signal: AbortSignal): Promise<CloudAnswer> {
    if (!URL.canParse(url)) return Promise.reject(new CloudUnreachable(`overflow.url cannot be read as a URL: ${url}`));
    const request = url.startsWith("https:") ? tlsRequest : plainRequest;
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "api-secret": secret,
      accept: "application/json",
    };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: "POST", agent: false, headers, signal });
      const connected = whenConnected(sent);
      sent.once("error", (error) =>
        reject(connected() ? error : new CloudUnreachable("no connection to the maker's cloud", { cause: error })),
      );
      sent.once("response", (response) => read(response).then(resolve, reject));
      sent.end(body);
    });
  }
}

/** Ends a request that gets no connection in time. @returns whether there is one. */
function whenConnected(sent: ClientRequest): () => boolean {
  let connected = false;
  const timer = setTimeout(() => sent.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)), CONNECT_TIMEOUT_MS);
  sent.once("close", () => clearTimeout(timer));
  sent.once("socket", (socket) => {
    const event = "encrypted" in socket ? "secureConnect" : "connect";
    socket.once(event, () => {
      connected = true;
      clearTimeout(timer);
    });
  });
  return () => connected;
}

/** An answer whose status has come is one, however its body ends. */
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
    // The status says what matters.
  }
  response.destroy();
  const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
  return { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], text };
}
