import { Readable } from "node:stream";
import { Agent, request } from "undici";
import type { WorkerAnswer } from "./answers.ts";

/** Longest answer that is read of a worker: its answers are a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** A pod's network answers within milliseconds; one that does not accept in this time is as good as gone. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Connections for probes and tasks to one worker: they are short, and must not wait behind one that hangs. */
const QUERY_CONNECTIONS = 4;
/** Longer than the time between two probes, so that a connection lives on. */
const KEEP_ALIVE_MS = 5_000;

export interface PostBody {
  readonly contentType: string;
  /** Sent one after the other, without being joined: an image is not copied. */
  readonly chunks: readonly Buffer[];
}

/** How the gateway speaks to workers. Failures are those of {@link WorkerUnreachable} or the transport's own. */
export interface WorkerClient {
  get(origin: string, path: string, signal: AbortSignal): Promise<WorkerAnswer>;
  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer>;
}

/** No connection came about: the worker has seen nothing of the request. */
export class WorkerUnreachable extends Error {
  override readonly name = "WorkerUnreachable";
}

/**
 * Speaks HTTP/1.1 to workers. Queries share kept connections; a launch gets a fresh one, because a kept one may be closed
 * by the worker at the moment of sending, and then nobody could tell whether the launch had arrived.
 */
export class HttpWorkerClient implements WorkerClient {
  readonly #queries = new Agent({
    connections: QUERY_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  readonly #launches = new Agent({ pipelining: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });

  get(origin: string, path: string, signal: AbortSignal): Promise<WorkerAnswer> {
    return this.#send(origin, { dispatcher: this.#queries, method: "GET", path, signal });
  }

  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer> {
    const length = body.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
    return this.#send(origin, {
      dispatcher: this.#launches,
      method: "POST",
      path,
      signal,
      headers: { "content-type": body.contentType, "content-length": String(length) },
      body: body.chunks,
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#queries.destroy(), this.#launches.destroy()]);
  }

  async #send(origin: string, options: SendOptions): Promise<WorkerAnswer> {
    const { path, body, ...rest } = options;
    try {
      const response = await request(`${origin}${path}`, {
        ...rest,
        body: body === undefined ? null : streamOf(body),
        // Deadlines are the caller's, by its signal.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const contentType = response.headers["content-type"];
      return {
        status: response.statusCode,
        contentType: typeof contentType === "string" ? contentType : "application/octet-stream",
        body: await readLimited(response.body),
      };
    } catch (error) {
      throw neverConnected(error) ? new WorkerUnreachable("no connection", { cause: error }) : error;
    }
  }
}

interface SendOptions {
  readonly dispatcher: Agent;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly signal: AbortSignal;
  readonly headers?: Record<string, string>;
  readonly body?: readonly Buffer[];
}

/** One chunk is sent as it is, several as a stream of them. */
function streamOf(chunks: readonly Buffer[]): Buffer | Readable {
  const [only, ...more] = chunks;
  return only !== undefined && more.length === 0 ? only : Readable.from(chunks, { objectMode: false });
}

/** The body as text, cut off at the limit. */
async function readLimited(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
}

function neverConnected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return syscall === "connect" || code === "UND_ERR_CONNECT_TIMEOUT";
}
