import type { Writable } from "node:stream";
import type { Clock } from "../../runtime/clock.ts";
import { HEARTBEAT } from "./events.ts";

/** A reader with more unread bytes is disconnected. Its next stream begins with the complete state. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
export const HEARTBEAT_MS = 10_000;

/** Writes events to one reader, with heartbeats, until the reader leaves, is too slow, or `end` is called. */
export class EventSink {
  readonly #out: Writable;
  readonly #clock: Clock;
  #heartbeat: { cancel(): void };

  constructor({ out, clock }: { readonly out: Writable; readonly clock: Clock }) {
    this.#out = out;
    this.#clock = clock;
    this.#heartbeat = clock.schedule(HEARTBEAT_MS, () => this.#beat());
    out.once("close", () => this.#heartbeat.cancel());
    out.on("error", () => out.destroy());
  }

  get ended(): boolean {
    return this.#out.destroyed || this.#out.writableEnded;
  }

  write(event: string): void {
    if (this.ended) return;
    if (this.#out.writableLength > MAX_BUFFERED_BYTES) this.#out.destroy();
    else this.#out.write(event);
  }

  end(): void {
    this.#heartbeat.cancel();
    this.#out.end();
  }

  #beat(): void {
    if (this.ended) return;
    this.#heartbeat = this.#clock.schedule(HEARTBEAT_MS, () => this.#beat());
    this.write(HEARTBEAT);
  }
}
