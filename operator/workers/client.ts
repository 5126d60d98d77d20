import type { WorkerAnswer } from "./answers.ts";
import { Line, LineStale, type PostBody, type Question } from "./line.ts";

export { IDLE_TIMEOUT_MS, type PostBody, WorkerUnreachable } from "./line.ts";

const READ_BUFFER_BYTES = 64 * 1024;
/** Idle connections that are kept to one worker: for its probes, and for one look at a task. */
const MAX_KEPT_LINES = 2;

/** How the gateway speaks to workers. Failures are those of {@link WorkerUnreachable} or the transport's own. */
export interface WorkerClient {
  /** @param keep whether the worker will be asked again within seconds: true unless said otherwise. */
  get(origin: string, path: string, signal: AbortSignal, keep?: boolean): Promise<WorkerAnswer>;
  post(origin: string, path: string, body: PostBody, signal: AbortSignal): Promise<WorkerAnswer>;
  /** Calls back when a worker closed an idle connection of ours: it may have died. @returns how to stop it. */
  onClosed?(listener: (origin: string) => void): () => void;
}

/**
 * Speaks HTTP/1.1 to workers. Queries share kept connections; a launch gets a fresh one, because a kept one may be closed
 * by the worker at the moment of sending, and then nobody could tell whether the launch had arrived. What is asked about its
 * session afterwards goes over the same one.
 */
export class HttpWorkerClient implements WorkerClient {
  /** Idle connections by origin. Each ends by itself after some seconds without a query. */
  readonly #lines = new Map<string, Line[]>();
  readonly #busy = new Set<Line>();
  readonly #readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  readonly #listeners = new Set<(origin: string) => void>();

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
    return await this.#ask(this.#open(origin), origin, { path, body, keep: true }, signal);
  }

  async close(): Promise<void> {
    for (const line of [...this.#busy, ...[...this.#lines.values()].flat()]) line.close();
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
    else this.#lines.set(origin, [...lines, line]);
  }

  #closed(origin: string, line: Line, byWorker: boolean): void {
    const lines = this.#lines.get(origin);
    const left = lines?.filter((other) => other !== line) ?? [];
    if (left.length === 0) this.#lines.delete(origin);
    else this.#lines.set(origin, left);
    if (byWorker) for (const listener of this.#listeners) listener(origin);
  }
}
