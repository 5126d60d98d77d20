import type { LogLine } from "./log-line.ts";

/** Merges streams of lines by time. Of each stream, only the next line is in memory. */
export async function* mergeByTime(streams: readonly AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  const heads = new Map<AsyncGenerator<LogLine>, LogLine>();
  const advance = async (stream: AsyncGenerator<LogLine>) => {
    const { done, value } = await stream.next();
    if (done) heads.delete(stream);
    else heads.set(stream, value);
  };
  try {
    await Promise.all(streams.map(advance));
    while (heads.size > 0) {
      let first: readonly [AsyncGenerator<LogLine>, LogLine] | undefined;
      for (const head of heads) if (first === undefined || head[1].atMs < first[1].atMs) first = head;
      if (first === undefined) return;
      yield first[1];
      await advance(first[0]);
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  }
}

/**
 * Orders lines that arrive from several streams: a line waits until every line that may precede it has had time to arrive. If more
 * lines than the limit wait, the oldest half is released.
 */
export class ReorderBuffer {
  readonly #windowMs: number;
  readonly #limit: number;
  readonly #release: (line: LogLine) => void;
  #waiting: { readonly line: LogLine; readonly arrivedMs: number }[] = [];

  constructor(options: { readonly windowMs: number; readonly limit: number; readonly release: (line: LogLine) => void }) {
    this.#windowMs = options.windowMs;
    this.#limit = options.limit;
    this.#release = options.release;
  }

  add(line: LogLine, nowMs: number): void {
    this.#waiting.push({ line, arrivedMs: nowMs });
    if (this.#waiting.length > this.#limit) this.#take(Math.ceil(this.#limit / 2));
  }

  /** Releases the lines that have waited long enough, and older ones. */
  flush(nowMs: number): void {
    const due = this.#waiting.filter(({ arrivedMs }) => arrivedMs + this.#windowMs <= nowMs);
    const latestMs = due.reduce((latest, { line }) => Math.max(latest, line.atMs), Number.NEGATIVE_INFINITY);
    this.#take(this.#waiting.filter(({ line }) => line.atMs <= latestMs).length);
  }

  /** Releases all lines. */
  end(): void {
    this.#take(this.#waiting.length);
  }

  #take(count: number): void {
    this.#waiting.sort((a, b) => a.line.atMs - b.line.atMs);
    for (const { line } of this.#waiting.splice(0, count)) this.#release(line);
  }
}
