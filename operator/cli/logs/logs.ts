import type { KubeClient, PodLogOptions } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { CommandError } from "../exit.ts";
import type { Print } from "../output.ts";
import { isMissingRight, missingRight } from "../rights.ts";
import { concerns, type LogLine, readLine } from "./log-line.ts";
import { mergeByTime, ReorderBuffer } from "./merge.ts";
import { findSources, type LogScope, type LogSource } from "./sources.ts";

export interface LogOptions extends LogScope {
  readonly follow: boolean;
  readonly sinceSeconds: number | undefined;
  /** Lines of each container. */
  readonly tailLines: number | undefined;
}

export interface LogDeps {
  readonly client: Pick<KubeClient, "list" | "podLog">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onLine: (line: LogLine) => void;
  readonly hint: Print;
}

/** Below the connections of the client. */
const MAX_SOURCES = 200;
/** Time between two searches for new pods. */
const SEARCH_MS = 2_000;
/** How long a line waits for earlier lines of other containers. */
const REORDER_MS = 300;
const MAX_WAITING_LINES = 10_000;
/** Attempts to read one run of a container. */
const MAX_ATTEMPTS = 5;

/**
 * Reads the logs of operator, gateways and workers together, by time. With `follow` it continues with new pods and new runs of
 * containers until the signal aborts.
 * @throws CommandError if there is nothing that the user may read.
 */
export async function readLogs(options: LogOptions, deps: LogDeps): Promise<void> {
  await (options.follow ? new Following(options, deps).run() : readOnce(options, deps));
}

async function readOnce(options: LogOptions, deps: LogDeps): Promise<void> {
  const report = new Failures(deps.hint);
  const { sources, unlisted } = await findSources(deps.client, options);
  for (const { what, error } of unlisted) report.note(what, error);
  if (sources.length > MAX_SOURCES) deps.hint(`too many containers: ${sources.length - MAX_SOURCES} are left out; name a pool`);
  const { tailLines, sinceSeconds } = options;
  const query = { ...(tailLines !== undefined && { tailLines }), ...(sinceSeconds !== undefined && { sinceSeconds }) };
  let readable = 0;
  const streams = sources.slice(0, MAX_SOURCES).map((source) => {
    const lines = linesOf(source, query, options, deps);
    return quiet(
      lines,
      () => {
        readable += 1;
      },
      (error) => report.note(source.name, error),
    );
  });
  for await (const line of mergeByTime(streams)) deps.onLine(line);
  if (readable === 0) report.fail(sources.length);
}

type Query = Omit<PodLogOptions, "signal" | "container" | "timestamps">;

async function* linesOf(
  { pod, container, name }: LogSource,
  query: Query,
  { namespace, pool }: LogScope,
  { client, signal }: LogDeps,
): AsyncGenerator<LogLine> {
  for await (const text of client.podLog(pod, { ...query, container, timestamps: true, signal })) {
    const line = readLine(name, text);
    if (concerns(line, { namespace, name: pool })) yield line;
  }
}

/** The lines until the stream ends or fails. */
async function* quiet(
  lines: AsyncGenerator<LogLine>,
  onEnd: () => void,
  onFailure: (error: unknown) => void,
): AsyncGenerator<LogLine> {
  try {
    yield* lines;
    onEnd();
  } catch (error) {
    onFailure(error);
  }
}

/** What could not be read. A missing permission is reported once, however many containers need it. */
class Failures {
  readonly #hint: Print;
  readonly #said = new Set<string>();
  #denied: string | undefined;

  constructor(hint: Print) {
    this.#hint = hint;
  }

  note(what: string, error: unknown): void {
    // The pod was removed meanwhile.
    if (isNotFound(error)) return;
    const right = isMissingRight(error) ? missingRight(error) : undefined;
    this.#denied ??= right;
    const message =
      right === undefined ? `no log of ${what}: ${error instanceof Error ? error.message : String(error)}` : `no logs: ${right}`;
    if (this.#said.has(message)) return;
    if (this.#said.size < 1_000) this.#said.add(message);
    this.#hint(message);
  }

  fail(sources: number): void {
    if (this.#denied !== undefined) throw new CommandError("there is no log that you are allowed to read: see above", "forbidden");
    if (sources === 0) throw new Error("there are no pods with logs: check the name of the pool, -n and --operator-namespace");
    if (this.#said.size > 0) throw new Error("no log could be read: see above");
  }
}

interface Stream {
  attempts: number;
  open: boolean;
  /** Time of the last line: a new attempt begins there. */
  lastTime: string | undefined;
}

class Following {
  readonly #options: LogOptions;
  readonly #deps: LogDeps;
  readonly #report: Failures;
  readonly #streams = new Map<string, Stream>();
  readonly #buffer: ReorderBuffer;
  #leftOut = 0;

  constructor(options: LogOptions, deps: LogDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#report = new Failures(deps.hint);
    this.#buffer = new ReorderBuffer({ windowMs: REORDER_MS, limit: MAX_WAITING_LINES, release: deps.onLine });
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#deps;
    for (let searches = 0; !signal.aborted; searches += 1) {
      await this.#search(searches === 0);
      for (let waitedMs = 0; waitedMs < SEARCH_MS && !signal.aborted; waitedMs += REORDER_MS) {
        await sleep(clock, REORDER_MS, signal);
        this.#buffer.flush(clock.now());
      }
    }
    this.#buffer.end();
  }

  async #search(first: boolean): Promise<void> {
    const { sources, unlisted } = await findSources(this.#deps.client, this.#options);
    for (const { what, error } of unlisted) this.#report.note(what, error);
    if (first && sources.length === 0) this.#report.fail(0);
    const keys = new Set(sources.map(({ key }) => key));
    if (unlisted.length === 0) for (const [key, { open }] of this.#streams) if (!open && !keys.has(key)) this.#streams.delete(key);
    let leftOut = 0;
    for (const source of sources) if (!this.#begin(source, first)) leftOut += 1;
    if (leftOut > this.#leftOut) this.#deps.hint(`too many containers: ${leftOut} are left out; name a pool`);
    this.#leftOut = leftOut;
  }

  /** @returns false if too many streams are open. */
  #begin(source: LogSource, first: boolean): boolean {
    const stream = this.#streams.get(source.key) ?? { attempts: 0, open: false, lastTime: undefined };
    if (stream.open || stream.attempts >= MAX_ATTEMPTS) return true;
    if ([...this.#streams.values()].filter(({ open }) => open).length >= MAX_SOURCES) return false;
    stream.open = true;
    stream.attempts += 1;
    this.#streams.set(source.key, stream);
    void this.#read(source, stream, first);
    return true;
  }

  async #read(source: LogSource, stream: Stream, first: boolean): Promise<void> {
    const { tailLines, sinceSeconds } = this.#options;
    // A pod that appears later is read from its beginning.
    const from: Query =
      stream.lastTime !== undefined
        ? { sinceTime: stream.lastTime }
        : first
          ? { ...(tailLines !== undefined && { tailLines }), ...(sinceSeconds !== undefined && { sinceSeconds }) }
          : {};
    const after = stream.lastTime ?? "";
    try {
      for await (const line of linesOf(source, { ...from, follow: true }, this.#options, this.#deps)) {
        // The API server compares whole seconds.
        if (line.time !== "" && line.time <= after) continue;
        stream.lastTime = line.time;
        this.#buffer.add(line, this.#deps.clock.now());
      }
      // The container has ended; its next run has another key.
      stream.attempts = MAX_ATTEMPTS;
    } catch (error) {
      if (!this.#deps.signal.aborted) this.#report.note(source.name, error);
    } finally {
      stream.open = false;
    }
  }
}
