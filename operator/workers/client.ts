import { type Clock, systemClock } from "../runtime/clock.ts";
import type { WorkerAnswer } from "./answers.ts";
import { Line, LineStale, type PostBody, type Question } from "./line.ts";

export { IDLE_TIMEOUT_MS, type PostBody, WorkerUnreachable } from "./line.ts";

/**
 * Longest time that a worker may take to answer a launch. It answers at once (`pending`), or with `async_mode=false` when the
 * session runs: after 4 to 6 s, plus the time to encode a new image. A worker that takes ten times as long hangs.
 */
export const LAUNCH_TIMEOUT_MS = 60_000;

const READ_BUFFER_BYTES = 64 * 1024;
/** Maximum number of idle connections to one worker: the launches of one gateway that may be in flight to it. */
const MAX_KEPT_LINES = 8;
/** A connection that was idle for longer carries no launch: the worker may close it, or its machine may be lost. */
const FRESH_MS = 2_000;

/** HTTP client for workers. It throws {@link WorkerUnreachable} or an error of the transport. */
export interface WorkerClient {
  /** @param keep whether another request to the worker follows within seconds; true by default. */
  get(origin: string, path: string, signal: AbortSignal, keep?: boolean): Promise<WorkerAnswer>;
  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer>;
  /** Calls back if a worker closes an idle connection, because it may have died. @returns a function that unsubscribes. */
  onClosed?(listener: (origin: string) => void): () => void;
}

/** What requests to workers need: a client, and the clock that limits their time. */
export interface WorkerAccess {
  readonly client: WorkerClient;
  readonly clock: Clock;
}

interface Kept {
  readonly line: Line;
  readonly sinceMs: number;
}

/**
 * Sends HTTP/1.1 requests to workers over kept connections. A connection that the worker has closed shows this only when a request
 * gets no answer. A query is then retried over a new connection. A launch is never retried, because the worker may have received
 * it. So launches use only connections that were in use a moment ago.
 */
export class HttpWorkerClient implements WorkerClient {
  readonly #clock: Clock;
  /** Idle connections by origin, the last used at the end. Each closes after some seconds without a query. */
  readonly #lines = new Map<string, Kept[]>();
  readonly #busy = new Set<Line>();
  readonly #readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  readonly #listeners = new Set<(origin: string) => void>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async get(origin: string, path: string, signal: AbortSignal, keep = true): Promise<WorkerAnswer> {
    const question = { path, keep };
    const kept = this.#keptLine(origin);
    if (kept === undefined) return await this.#ask(this.#open(origin), origin, question, signal);
    try {
      return await this.#ask(kept, origin, question, signal);
    } catch (error) {
      if (!(error instanceof LineStale) || signal.aborted) throw error;
      return await this.#ask(this.#open(origin), origin, question, signal);
    }
  }

  onClosed(listener: (origin: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer> {
    const line = this.#keptLine(origin, FRESH_MS) ?? this.#open(origin);
    return await this.#ask(line, origin, { path, body, keep: true }, signal);
  }

  async close(): Promise<void> {
    const idle = [...this.#lines.values()].flat().map(({ line }) => line);
    for (const line of [...this.#busy, ...idle]) line.close();
  }

  /** Takes the connection that was used last, unless it was idle for longer than this. */
  #keptLine(origin: string, maxIdleMs = Number.POSITIVE_INFINITY): Line | undefined {
    const lines = this.#lines.get(origin) ?? [];
    for (let kept = lines.at(-1); kept !== undefined; kept = lines.at(-1)) {
      if (kept.line.usable && this.#clock.now() - kept.sinceMs > maxIdleMs) return undefined;
      lines.pop();
      if (lines.length === 0) this.#lines.delete(origin);
      if (kept.line.usable) return kept.line;
    }
    return undefined;
  }

  #open(origin: string): Line {
    const line: Line = new Line(new URL(origin), this.#readBuffer, (byWorker) => this.#closed(origin, line, byWorker));
    return line;
  }

  async #ask(line: Line, origin: string, question: Question, signal: AbortSignal): Promise<WorkerAnswer> {
    this.#busy.add(line);
    try {
      return await line.ask(question, signal);
    } finally {
      this.#busy.delete(line);
      if (!question.keep) line.close();
      else if (line.usable) this.#keep(origin, line);
    }
  }

  #keep(origin: string, line: Line): void {
    const lines = this.#lines.get(origin) ?? [];
    if (lines.length >= MAX_KEPT_LINES) line.close();
    else lines.push({ line, sinceMs: this.#clock.now() });
    this.#lines.set(origin, lines);
  }

  #closed(origin: string, line: Line, byWorker: boolean): void {
    const left = this.#lines.get(origin)?.filter((kept) => kept.line !== line) ?? [];
    if (left.length === 0) this.#lines.delete(origin);
    else this.#lines.set(origin, left);
    if (byWorker) for (const listener of this.#listeners) listener(origin);
  }
}
