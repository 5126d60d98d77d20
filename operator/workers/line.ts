import { connect, type Socket } from "node:net";
import { AnswerReader } from "./answer-reader.ts";
import type { WorkerAnswer } from "./answers.ts";

/** A pod's network answers within milliseconds; one that does not accept in this time is as good as gone. */
export const CONNECT_TIMEOUT_MS = 2_000;
/** How long a connection is kept idle. Workers close it after about this time themselves. */
export const IDLE_TIMEOUT_MS = 5_000;

export interface PostBody {
  readonly contentType: string;
  /** Sent one after the other, without being joined: an image is not copied. */
  readonly chunks: readonly Buffer[];
  /** Further headers, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Values in it that an answer may hold and that nobody may quote. */
  readonly secrets?: readonly string[];
}

export interface Question {
  readonly path: string;
  /** What is posted; without one it is a GET. */
  readonly body?: PostBody;
  /** Whether another question will follow; otherwise the worker is asked to close. */
  readonly keep: boolean;
}

/** No connection came about: the worker has seen nothing of the request. */
export class WorkerUnreachable extends Error {
  override readonly name = "WorkerUnreachable";

  /** Whether the connection was refused: then no process listens there. */
  get refused(): boolean {
    return (this.cause as { readonly code?: unknown } | undefined)?.code === "ECONNREFUSED";
  }
}

/** The connection had been kept from before and ended without a byte of an answer: the worker had closed it. */
export class LineStale extends Error {
  override readonly name = "LineStale";
}

interface Asking {
  readonly reader: AnswerReader;
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection to a worker that carries requests, one at a time, and is kept between them. Its own few lines instead
 * of an HTTP library, because thousands of workers are asked all the time: see `docs/decisions/0011-probes-and-load.md`.
 */
export class Line {
  readonly #host: string;
  readonly #socket: Socket;
  #asking: Asking | undefined;
  #connected = false;
  #asked = 0;
  #closed = false;

  /**
   * @param readBuffer what is read into; lines may share one, which spares each of them 64 kB a read.
   * @param onClosed called once when the connection is gone; `byWorker`: while it was idle, and not by us.
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

  /** @throws WorkerUnreachable, {@link LineStale}, the signal's reason, or what broke the connection. */
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
    // Bytes that nobody asked for: the worker and we are out of step.
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
    // A worker that answers before it was told all may take the rest for something else.
    if (!asking.reader.keepAlive || this.#socket.writableLength > 0) this.close();
    asking.resolve(answer);
  }

  #ended(): void {
    const answer = this.#asking?.reader.end();
    if (this.#asking !== undefined && answer !== undefined) this.#answered(this.#asking, answer);
  }

  /** Nothing came or went for a while: neither a connection, nor a question, nor an answer, whose time others limit. */
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
