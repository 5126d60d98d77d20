import { Readable } from "node:stream";
import { Agent, request } from "undici";
import { MAX_ANSWER_BYTES } from "./answer-reader.ts";
import type { WorkerAnswer } from "./answers.ts";
import { CONNECT_TIMEOUT_MS, Line, LineStale, WorkerUnreachable } from "./line.ts";

export { WorkerUnreachable } from "./line.ts";

const READ_BUFFER_BYTES = 64 * 1024;
/** Idle connections that are kept to one worker: for its probes, and for one look at a task. */
const MAX_KEPT_LINES = 2;

export interface PostBody {
  readonly contentType: string;
  /** Sent one after the other, without being joined: an image is not copied. */
  readonly chunks: readonly Buffer[];
  /** Further headers, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the gateway speaks to workers. Failures are those of {@link WorkerUnreachable} or the transport's own. */
export interface WorkerClient {
  get(origin: string, path: string, signal: AbortSignal): Promise<WorkerAnswer>;
  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer>;
  /** Calls back when a worker closed an idle connection of ours: it may have died. @returns how to stop it. */
  onClosed?(listener: (origin: string) => void): () => void;
}

/**
 * Speaks HTTP/1.1 to workers. Queries share kept connections; a launch gets a fresh one, because a kept one may be closed
 * by the worker at the moment of sending, and then nobody could tell whether the launch had arrived.
 */
export class HttpWorkerClient implements WorkerClient {
  /** Idle connections by origin. Each ends by itself after some seconds without a query. */
  readonly #lines = new Map<string, Line[]>();
  readonly #busy = new Set<Line>();
  readonly #readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  readonly #launches = new Agent({ pipelining: 0, connect: { timeout: CONNECT_TIMEOUT_MS } });
  readonly #listeners = new Set<(origin: string) => void>();

  async get(origin: string, path: string, signal: AbortSignal): Promise<WorkerAnswer> {
    const kept = this.#keptLine(origin);
    if (kept === undefined) return await this.#ask(this.#open(origin), origin, path, signal);
    try {
      return await this.#ask(kept, origin, path, signal);
    } catch (error) {
      if (!(error instanceof LineStale) || signal.aborted) throw error;
      return await this.#ask(this.#open(origin), origin, path, signal);
    }
  }

  onClosed(listener: (origin: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer> {
    const length = body.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
    return this.#send(origin, {
      dispatcher: this.#launches,
      method: "POST",
      path,
      signal,
      headers: { ...body.headers, "content-type": body.contentType, "content-length": String(length) },
      body: body.chunks,
    });
  }

  async close(): Promise<void> {
    for (const line of [...this.#busy, ...[...this.#lines.values()].flat()]) line.close();
    await this.#launches.destroy();
  }

  #keptLine(origin: string): Line | undefined {
    const lines = this.#lines.get(origin);
    let line = lines?.pop();
    while (line !== undefined && !line.usable) line = lines?.pop();
    if (lines?.length === 0) this.#lines.delete(origin);
    return line;
  }

  #open(origin: string): Line {
    const line: Line = new Line(new URL(origin), this.#readBuffer, (byWorker) => this.#closed(origin, line, byWorker));
    return line;
  }

  async #ask(line: Line, origin: string, path: string, signal: AbortSignal): Promise<WorkerAnswer> {
    this.#busy.add(line);
    try {
      return await line.get(path, signal);
    } finally {
      this.#busy.delete(line);
      if (line.usable) this.#keep(origin, line);
    }
  }

  #keep(origin: string, line: Line): void {
    const lines = this.#lines.get(origin) ?? [];
    if (lines.length >= MAX_KEPT_LINES) line.close();
    else this.#lines.set(origin, [...lines, line]);
  }

  #closed(origin: string, line: Line, byWorker: boolean): void {
    const lines = this.#lines.get(origin);
    const left = lines?.filter((other) => other !== line) ?? [];
    if (left.length === 0) this.#lines.delete(origin);
    else this.#lines.set(origin, left);
    if (byWorker) for (const listener of this.#listeners) listener(origin);
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
