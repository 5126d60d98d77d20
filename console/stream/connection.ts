import { type ConsoleError, type ConsoleEvent, consolePaths } from "../../operator/api/console.ts";
import { fullJitterMs } from "../../operator/runtime/backoff.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import { EventParser } from "./event-parser.ts";
import type { StreamStatus } from "./protocol.ts";

const BACKOFF = { baseMs: 1_000, maxMs: 15_000 };
/** The operator sends a heartbeat every 10 s. */
export const SILENCE_MS = 25_000;

export interface ConnectionDeps {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: (event: ConsoleEvent) => void;
  readonly onStatus: (status: StreamStatus) => void;
}

export interface Target {
  readonly token: string | undefined;
  readonly pools: readonly string[];
}

type End = { readonly signedOut: boolean; readonly message: string };

/** One stream of events from the operator. It reconnects by itself, except without a valid token. */
export class StreamConnection {
  readonly #deps: ConnectionDeps;
  #abort = new AbortController();
  #retry: { cancel(): void } | undefined;
  #failures = 0;
  #lastMs: number | undefined;
  #live = false;

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
  }

  /** Opens the stream, instead of a former one. */
  open(target: Target): void {
    this.#stop();
    const { signal } = this.#abort;
    if (!this.#live) this.#deps.onStatus({ kind: "connecting" });
    this.#connect(target, signal);
  }

  close(): void {
    this.#stop();
    this.#live = false;
    this.#lastMs = undefined;
  }

  #stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#retry?.cancel();
    this.#failures = 0;
  }

  async #connect(target: Target, signal: AbortSignal): Promise<void> {
    const { signedOut, message } = await this.#read(target, signal);
    if (signal.aborted) return;
    this.#live = false;
    if (signedOut) {
      this.#deps.onStatus({ kind: "signed-out", message });
      return;
    }
    this.#deps.onStatus({ kind: "lost", sinceMs: this.#lastMs, message });
    const delayMs = BACKOFF.baseMs / 2 + fullJitterMs(this.#failures, BACKOFF, this.#deps.random);
    this.#failures += 1;
    this.#retry = this.#deps.clock.schedule(delayMs, () => void this.#connect(target, signal));
  }

  /** Reads one stream until it ends. */
  async #read({ token, pools }: Target, opened: AbortSignal): Promise<End> {
    const silence = new AbortController();
    const { clock } = this.#deps;
    const watch = () => clock.schedule(SILENCE_MS, () => silence.abort());
    let watched = watch();
    try {
      const response = await this.#deps.fetch(
        `${consolePaths.stream}?${new URLSearchParams(pools.map((pool) => ["pool", pool]))}`,
        {
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          signal: AbortSignal.any([opened, silence.signal]),
          cache: "no-store",
        },
      );
      // The first try of a viewer without a token is no failure.
      if (response.status === 401 && token === undefined) return { signedOut: true, message: "" };
      if (!response.ok) return { signedOut: response.status === 401, message: await messageOf(response) };
      const parser = new EventParser();
      for await (const text of textOf(response)) {
        if (opened.aborted) break;
        watched.cancel();
        watched = watch();
        this.#alive(parser.push(text));
      }
      return { signedOut: false, message: "the operator ended the stream" };
    } catch (error) {
      if (silence.signal.aborted) return { signedOut: false, message: "the operator has been silent for 25 s" };
      return { signedOut: false, message: `the operator cannot be reached (${error instanceof Error ? error.message : error})` };
    } finally {
      watched.cancel();
      silence.abort();
    }
  }

  #alive(events: readonly string[]): void {
    this.#lastMs = this.#deps.clock.now();
    for (const event of events) this.#deps.onEvent(JSON.parse(event));
    if (this.#live || events.length === 0) return;
    this.#live = true;
    this.#failures = 0;
    this.#deps.onStatus({ kind: "live" });
  }
}

async function* textOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield decoder.decode(read.value, { stream: true });
  } finally {
    reader.releaseLock();
  }
}

/** The reason in an error of the console, or the HTTP status for a response of a proxy. */
export async function messageOf(response: Response): Promise<string> {
  const body: Partial<ConsoleError> = await response.json().catch(() => ({}));
  return body.message ?? `the console responded with HTTP status ${response.status}`;
}
