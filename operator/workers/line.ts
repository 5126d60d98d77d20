import { connect, type Socket } from "node:net";
import { AnswerReader } from "./answer-reader.ts";
import type { WorkerAnswer } from "./answers.ts";

/** The network of a pod answers within milliseconds. A pod that does not accept in this time counts as lost. */
export const CONNECT_TIMEOUT_MS = 2_000;
/** How long an idle connection is kept. Workers close it after about the same time. */
export const IDLE_TIMEOUT_MS = 5_000;

export interface PostBody {
  readonly contentType: string;
  /** Chunks that are sent without being joined, so an image is not copied. */
  readonly chunks: readonly Buffer[];
  /** Further headers, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Secret values in the body, which must not be quoted from an answer. */
  readonly secrets?: readonly string[];
}

export interface Question {
  readonly path: string;
  /** Body of a POST; without a body the request is a GET. */
  readonly body?: PostBody;
  /** Whether another request follows; otherwise the request has `connection: close`. */
  readonly keep: boolean;
}

/** No connection was established: the worker has not received any part of the request. */
export class WorkerUnreachable extends Error {
  override readonly name = "WorkerUnreachable";

  /** Whether the connection was refused, so no process listens there. */
  get refused(): boolean {
    return (this.cause as { readonly code?: unknown } | undefined)?.code === "ECONNREFUSED";
  }
}

/** A kept connection ended without a byte of an answer, because the worker had closed it. */
export class LineStale extends Error {
  override readonly name = "LineStale";
}

interface Asking {
  readonly reader: AnswerReader;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to a worker that carries one request at a time and is kept between requests. It replaces an HTTP library,
 * because a gateway probes thousands of workers continuously: see `docs/decisions/0011-probes-and-load.md`.
 */
export class Line {
  readonly #host: string;
  readonly #socket: Socket;
  #asking: Asking | undefined;
  #connected = false;
  #asked = 0;
  #closed = false;

  /**
   * @param readBuffer buffer for reads; lines may share one, which saves 64 kB per read and line.
   * @param onClosed called once when the connection is closed. `byWorker`: the worker closed it while it was idle.
   */
  constructor(origin: URL, readBuffer: Buffer, onClosed: (byWorker: boolean) => void) {
    this.#host = origin.host;
    this.#socket = connect({
      host: origin.hostname.replace(/^\[|\]$/g, ""),
      port: Number(origin.port || 80),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#take(Buffer.from(readBuffer.subarray(0, bytes)));
          return true;
        },
      },
    });
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, () => this.#silent());
    this.#socket.once("connect", () => {
      this.#connected = true;
      this.#socket.setTimeout(IDLE_TIMEOUT_MS);
    });
    this.#socket.once("end", () => this.#ended());
    this.#socket.once("error", (error) => this.#fail(this.#connected ? error : unreachable(error)));
    this.#socket.once("close", () => {
      const byWorker = !this.#closed && this.#asking === undefined;
      this.#fail(new Error("the worker closed the connection"));
      this.#closed = true;
      onClosed(byWorker);
    });
  }

  get usable(): boolean {
    return !this.#closed && this.#asking === undefined && this.#socket.readyState === "open";
  }

  /** @throws WorkerUnreachable, {@link LineStale}, the signal's reason, or the error of the connection. */
  ask(question: Question, signal: AbortSignal): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#fail(signal.reason);
        this.close();
      };
      signal.addEventListener("abort", abort, { once: true });
      const ending =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener("abort", abort);
          settle(value);
        };
      this.#asking = { reader: new AnswerReader(), resolve: ending(resolve), reject: ending(reject) };
      this.#asked += 1;
      this.#send(question);
    });
  }

  #send({ path, body, keep }: Question): void {
    const lines = [`${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`, `host: ${this.#host}`, "accept: application/json"];
    if (!keep) lines.push("connection: close");
    if (body !== undefined) lines.push(...headersOf(body));
    this.#socket.cork();
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    for (const chunk of body?.chunks ?? []) this.#socket.write(chunk);
    this.#socket.uncork();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const asking = this.#asking;
    // Bytes without a request: the worker and the gateway are out of step.
    if (asking === undefined) {
      this.close();
      return;
    }
    try {
      const answer = asking.reader.push(chunk);
      if (answer !== undefined) this.#answered(asking, answer);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      this.close();
    }
  }

  #answered(asking: Asking, answer: WorkerAnswer): void {
    this.#asking = undefined;
    // A worker that responds early may parse the remaining bytes as the next request.
    if (!asking.reader.keepAlive || this.#socket.writableLength > 0) this.close();
    asking.resolve(answer);
  }

  #ended(): void {
    const answer = this.#asking?.reader.end();
    if (this.#asking !== undefined && answer !== undefined) this.#answered(this.#asking, answer);
  }

  /** No traffic for a while: the connection is not established, or it is idle. Callers limit the time of requests. */
  #silent(): void {
    if (!this.#connected) this.#fail(unreachable(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)));
    if (this.#asking === undefined) this.close();
  }

  #fail(error: Error): void {
    const asking = this.#asking;
    if (asking === undefined) return;
    this.#asking = undefined;
    const stale = this.#connected && this.#asked > 1 && !asking.reader.begun;
    asking.reject(stale ? new LineStale("the kept connection was closed", { cause: error }) : error);
  }
}

function headersOf({ contentType, chunks, headers = {} }: PostBody): readonly string[] {
  const length = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
  const further = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [...further, `content-type: ${contentType}`, `content-length: ${length}`];
}

function unreachable(cause: Error): WorkerUnreachable {
  return new WorkerUnreachable("no connection", { cause });
}
